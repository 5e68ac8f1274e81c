//! Why there is no connection.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::time::Duration;

use super::race::Attempts;

/// Names the host, and each address with what it said.
#[derive(Debug)]
pub(super) struct ConnectError {
    host: String,
    port: u16,
    /// The limit, if it has passed.
    limit: Option<Duration>,
    attempts: Attempts,
}

impl ConnectError {
    pub(super) fn timed_out(host: &str, port: u16, limit: Duration, tried: Attempts) -> io::Error {
        let error = Self::new(host, port, Some(limit), tried);
        io::Error::new(ErrorKind::TimedOut, error)
    }

    pub(super) fn no_attempt_succeeded(host: &str, port: u16, tried: Attempts) -> io::Error {
        let kind = tried.failed.last().map(|(_, error)| error.kind());
        let error = Self::new(host, port, None, tried);
        io::Error::new(kind.unwrap_or(ErrorKind::NotFound), error)
    }

    fn new(host: &str, port: u16, limit: Option<Duration>, attempts: Attempts) -> Self {
        let host = host.to_owned();
        Self {
            host,
            port,
            limit,
            attempts,
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Attempts { failed, unanswered } = &self.attempts;
        write!(
            f,
            "cannot connect to port {} of {:?}: ",
            self.port, self.host
        )?;
        if let Some(limit) = self.limit {
            write!(f, "no connection within {limit:?}: ")?;
        }
        if failed.is_empty() && unanswered.is_empty() {
            return f.write_str(match self.limit {
                Some(_) => "its addresses are not known yet",
                None => "it has no address",
            });
        }
        let mut comma = "";
        for (address, error) in failed {
            write!(f, "{comma}{address}: {error}")?;
            comma = ", ";
        }
        for address in unanswered {
            write!(f, "{comma}{address}: no answer")?;
            comma = ", ";
        }
        Ok(())
    }
}

/// It has no source: what each address said is in its text.
impl Error for ConnectError {}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn refused(address: &str) -> (SocketAddr, io::Error) {
        let error = ErrorKind::ConnectionRefused.into();
        (address.parse().expect("an address"), error)
    }

    #[test]
    fn each_address_is_named_with_what_it_said() {
        let tried = Attempts {
            failed: vec![refused("[::1]:80"), refused("127.0.0.1:80")],
            unanswered: Vec::new(),
        };
        let error = ConnectError::no_attempt_succeeded("localhost", 80, tried);
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(
            error.to_string(),
            "cannot connect to port 80 of \"localhost\": [::1]:80: connection refused, \
             127.0.0.1:80: connection refused"
        );
    }

    #[test]
    fn a_limit_is_named_with_what_was_tried_before() {
        let limit = Duration::from_millis(1500);
        let tried = Attempts {
            failed: vec![refused("[::1]:443")],
            unanswered: vec!["127.0.0.1:443".parse().expect("an address")],
        };
        let error = ConnectError::timed_out("example.org", 443, limit, tried);
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert_eq!(
            error.to_string(),
            "cannot connect to port 443 of \"example.org\": no connection within 1.5s: \
             [::1]:443: connection refused, 127.0.0.1:443: no answer"
        );
        let error = ConnectError::timed_out("example.org", 443, limit, Attempts::default());
        assert!(
            error
                .to_string()
                .ends_with("within 1.5s: its addresses are not known yet")
        );
    }
}

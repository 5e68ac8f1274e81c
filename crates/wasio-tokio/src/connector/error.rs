//! Why there is no connection.

use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

/// Names the host, and each address with what it said.
#[derive(Debug)]
pub(super) struct ConnectError {
    host: String,
    port: u16,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    TimedOut(Duration),
    Failed(Vec<(SocketAddr, io::Error)>),
}

impl ConnectError {
    pub(super) fn timed_out(host: &str, port: u16, limit: Duration) -> io::Error {
        Self::new(host, port, Cause::TimedOut(limit)).into_io(ErrorKind::TimedOut)
    }

    pub(super) fn no_attempt_succeeded(
        host: &str,
        port: u16,
        failed: Vec<(SocketAddr, io::Error)>,
    ) -> io::Error {
        let kind = failed.last().map(|(_, error)| error.kind());
        let error = Self::new(host, port, Cause::Failed(failed));
        error.into_io(kind.unwrap_or(ErrorKind::NotFound))
    }

    fn new(host: &str, port: u16, cause: Cause) -> Self {
        Self {
            host: host.to_owned(),
            port,
            cause,
        }
    }

    fn into_io(self, kind: ErrorKind) -> io::Error {
        io::Error::new(kind, self)
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot connect to port {} of {:?}: ",
            self.port, self.host
        )?;
        match &self.cause {
            Cause::TimedOut(limit) => write!(f, "no connection within {limit:?}"),
            Cause::Failed(failed) if failed.is_empty() => f.write_str("it has no address"),
            Cause::Failed(failed) => {
                for (index, (address, error)) in failed.iter().enumerate() {
                    let comma = if index == 0 { "" } else { ", " };
                    write!(f, "{comma}{address}: {error}")?;
                }
                Ok(())
            }
        }
    }
}

/// It has no source: what each address said is in its text.
impl Error for ConnectError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(address: &str) -> (SocketAddr, io::Error) {
        let error = ErrorKind::ConnectionRefused.into();
        (address.parse().expect("an address"), error)
    }

    #[test]
    fn each_address_is_named_with_what_it_said() {
        let failed = vec![refused("[::1]:80"), refused("127.0.0.1:80")];
        let error = ConnectError::no_attempt_succeeded("localhost", 80, failed);
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(
            error.to_string(),
            "cannot connect to port 80 of \"localhost\": [::1]:80: connection refused, \
             127.0.0.1:80: connection refused"
        );
    }

    #[test]
    fn a_limit_is_named_and_is_an_error_of_its_own_kind() {
        let error = ConnectError::timed_out("example.org", 443, Duration::from_millis(1500));
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(error.to_string().ends_with("no connection within 1.5s"));
    }
}

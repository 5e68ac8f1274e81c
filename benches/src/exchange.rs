//! The messages on a connection, and the expected answers.

use anyhow::ensure;

/// The size of a message if it does not matter.
pub const SMALL_BYTES: usize = 64;

/// The protocol of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// It echoes what it receives.
    Echo,
    /// HTTP/1.1 with keep-alive: `POST /echo` returns the body.
    Http,
}

/// A message and its answer. The answer has a fixed length, so that the client needs no parser,
/// whose cost would be measured too.
#[derive(Clone, Debug)]
pub struct Exchange {
    request: Vec<u8>,
    answer: Vec<u8>,
    /// The position of the date in the answer. The date is not compared.
    date_at: Option<usize>,
}

/// A date with the length of all HTTP dates.
const DATE: &[u8] = b"Thu, 01 Jan 1970 00:00:00 GMT";

impl Protocol {
    /// Sends `body`, which comes back.
    #[must_use]
    pub fn exchange(self, body: &[u8]) -> Exchange {
        match self {
            Self::Echo => Exchange {
                request: body.to_vec(),
                answer: body.to_vec(),
                date_at: None,
            },
            Self::Http => {
                let len = body.len();
                let head = format!("POST /echo HTTP/1.1\r\nhost: bench\r\ncontent-length: {len}");
                Exchange::http(&head, body, body)
            }
        }
    }
}

impl Exchange {
    /// Sends `GET /`, which returns a line of text.
    #[must_use]
    pub fn http_get() -> Self {
        Self::http("GET / HTTP/1.1\r\nhost: bench", b"", b"wasio runs hyper\n")
    }

    fn http(head: &str, body: &[u8], back: &[u8]) -> Self {
        let mut answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\ndate: ",
            back.len()
        )
        .into_bytes();
        let date_at = Some(answer.len());
        answer.extend([DATE, b"\r\n\r\n", back].concat());
        Self {
            request: [head.as_bytes(), b"\r\n\r\n", body].concat(),
            answer,
            date_at,
        }
    }

    /// The bytes to send.
    #[must_use]
    pub fn request(&self) -> &[u8] {
        &self.request
    }

    /// The length of the answer in bytes.
    #[must_use]
    pub fn answer_len(&self) -> usize {
        self.answer.len()
    }

    /// # Errors
    /// `came` is not the expected answer.
    pub fn check(&self, came: &[u8]) -> anyhow::Result<()> {
        let is_right = match self.date_at {
            None => came == self.answer,
            Some(at) => {
                let end = at + DATE.len();
                came.len() == self.answer.len()
                    && came[..at] == self.answer[..at]
                    && came[end..] == self.answer[end..]
            }
        };
        let start = String::from_utf8_lossy(&came[..came.len().min(200)]);
        ensure!(is_right, "not the answer, but: {start:?} ...");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_compared_but_for_its_date() {
        let exchange = Protocol::Http.exchange(b"abc");
        let good = "HTTP/1.1 200 OK\r\ncontent-length: 3\r\ndate: Sun, 22 Nov 2026 22:41:57 GMT\r\n\r\nabc";
        assert_eq!(good.len(), exchange.answer_len());
        exchange.check(good.as_bytes()).unwrap();
        for bad in [
            good.replace("abc", "abd"),
            good.replace("200 OK", "404 KO"),
            good.replace("abc", "ab"),
        ] {
            assert!(exchange.check(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn an_echo_is_compared_as_a_whole() {
        let exchange = Protocol::Echo.exchange(&[7; SMALL_BYTES]);
        assert!(exchange.check(&[7; SMALL_BYTES]).is_ok());
        assert!(exchange.check(&[7; SMALL_BYTES - 1]).is_err());
        assert!(exchange.check(&[8; SMALL_BYTES]).is_err());
    }
}

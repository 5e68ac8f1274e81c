//! What is said on a connection, and what has to come back.

use anyhow::ensure;

/// The size of a message where its size does not matter.
pub const SMALL_BYTES: usize = 64;

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// It sends back what it receives.
    Echo,
    /// HTTP/1.1 with keep-alive: `POST /echo` brings the body back.
    Http,
}

/// A message and its answer. The answer is always as long, so that a client
/// needs no parser, which it would be measured with.
#[derive(Clone, Debug)]
pub struct Exchange {
    request: Vec<u8>,
    answer: Vec<u8>,
    /// Where a date stands in the answer: it is not compared.
    date_at: Option<usize>,
}

/// As long as all dates in HTTP.
const DATE: &[u8] = b"Thu, 01 Jan 1970 00:00:00 GMT";

impl Protocol {
    /// `body` there and back.
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
    /// `GET /`, and the line of text that the server has there.
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

    /// What to send.
    #[must_use]
    pub fn request(&self) -> &[u8] {
        &self.request
    }

    /// How much has to come back, in bytes.
    #[must_use]
    pub fn answer_len(&self) -> usize {
        self.answer.len()
    }

    /// # Errors
    /// `came` is not the answer.
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

//! The reason for a failed look-up. The standard library's error carries the resolver's code on
//! Windows only. Elsewhere the reason has to be read from the message.

use std::error::Error;
use std::fmt;
use std::io;

/// `WSAHOST_NOT_FOUND` and `WSANO_DATA`.
const WINDOWS_NOT_FOUND: [i32; 2] = [11_001, 11_004];

/// The error of a failed look-up. Its source is the standard library's error.
#[derive(Debug)]
struct Failed {
    name: String,
    error: io::Error,
}

pub(super) fn failed(name: &str, error: io::Error) -> io::Error {
    let kind = kind(&error);
    let name = name.to_owned();
    io::Error::new(kind, Failed { name, error })
}

fn kind(error: &io::Error) -> io::ErrorKind {
    let is_not_found = match error.raw_os_error() {
        Some(code) => cfg!(windows) && WINDOWS_NOT_FOUND.contains(&code),
        None => says_not_found(&error.to_string()),
    };
    if is_not_found {
        io::ErrorKind::NotFound
    } else {
        io::ErrorKind::Other
    }
}

/// Matches the messages of glibc, musl and the BSDs. They are in English, because a Rust program
/// does not call `setlocale` by itself.
fn says_not_found(words: &str) -> bool {
    const WORDS: [&str; 4] = [
        "not known",
        "does not resolve",
        "No address associated",
        "has no usable address",
    ];
    WORDS.iter().any(|known| words.contains(known))
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot look up {:?}: {}", self.name, self.error)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kind_is_read_from_the_resolvers_words() {
        let kind_of = |words: &str| {
            let error = io::Error::other(format!("failed to lookup address information: {words}"));
            failed("a.example", error)
        };
        for words in [
            "Name or service not known",
            "No address associated with hostname",
            "Name does not resolve",
            "Name has no usable address",
            "nodename nor servname provided, or not known",
        ] {
            let error = kind_of(words);
            assert_eq!(error.kind(), io::ErrorKind::NotFound);
            assert!(error.to_string().contains("\"a.example\""), "{error}");
            assert!(error.to_string().contains(words), "{error}");
        }
        for words in ["Temporary failure in name resolution", "Try again"] {
            assert_eq!(kind_of(words).kind(), io::ErrorKind::Other);
        }
        let error = failed("a", io::Error::from_raw_os_error(5));
        assert_eq!(error.kind(), io::ErrorKind::Other);
        let source = error.get_ref().and_then(Error::source);
        let source = source.and_then(|source| source.downcast_ref::<io::Error>());
        assert_eq!(source.and_then(io::Error::raw_os_error), Some(5));
    }
}

//! The errors of a host whose interfaces have error codes, WASI 0.2 and 0.3, as `io::Error`.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io::{self, ErrorKind};

#[cfg(feature = "net")]
use crate::errors::static_error;

/// Said of an option of a socket of the standard library.
#[cfg(feature = "net")]
pub(crate) const NO_OPTION_OF_STD: &str = "WASI 0.2 and 0.3 have no such option for a socket of \
     `std::net`: make the socket with `wasio::net`";

/// The error of a WASI 0.2 or 0.3 host, inside of an [`io::Error`]: an error code of `wasi:sockets`,
/// or why a stream failed.
///
/// # Examples
///
/// ```
/// # #[cfg(all(target_os = "wasi", target_env = "p2"))]
/// fn is_refused(error: &std::io::Error) -> bool {
///     let host = error.get_ref().and_then(|error| error.downcast_ref::<wasio::HostError>());
///     host.is_some_and(|host| host.code() == Some("connection-refused"))
/// }
/// ```
pub struct HostError {
    code: Option<&'static str>,
    text: Cow<'static, str>,
}

impl HostError {
    /// The error code's name in WIT, such as `connection-refused`. `None` for a stream of WASI 0.2,
    /// of which the host gives a text alone.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        self.code
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Error for HostError {}

impl fmt::Debug for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HostError(")?;
        fmt::Display::fmt(self, f)?;
        f.write_str(")")
    }
}

/// The error of a host that gives a text and no code.
#[cfg(wasio_pollables)]
#[cold]
pub(crate) fn of_text(kind: ErrorKind, text: String) -> io::Error {
    let text = text.into();
    io::Error::new(kind, HostError { code: None, text })
}

/// The error of an error code, in the host's own words if it has some.
#[cfg(any(feature = "net", wasio_waitables))]
#[cold]
pub(crate) fn of_code(code: &Code, words: Option<String>) -> io::Error {
    let text = words.map_or(Cow::Borrowed(code.text), Cow::Owned);
    let error = HostError {
        code: Some(code.name),
        text,
    };
    io::Error::new(code.kind, error)
}

/// The error of a look-up of `name`, as [`of_code`].
#[cfg(feature = "net")]
#[cold]
pub(crate) fn of_name(code: &Code, words: Option<String>, name: &str) -> io::Error {
    let why = words.as_deref().unwrap_or(code.text);
    of_code(code, Some(format!("cannot look up {name:?}: {why}")))
}

/// That the host has no such operation.
#[cfg(feature = "net")]
pub(crate) fn unsupported(message: &'static str) -> io::Error {
    static_error(ErrorKind::Unsupported, message)
}

/// What there is to say of an error code.
#[cfg(any(feature = "net", wasio_waitables))]
#[derive(Copy, Clone)]
pub(crate) struct Code {
    /// In WIT.
    name: &'static str,
    kind: ErrorKind,
    text: &'static str,
}

/// The codes with these names, in this order. A name that is not in `CODES` does not compile.
#[cfg(any(feature = "net", wasio_waitables))]
pub(crate) const fn codes<const N: usize>(names: &[&str; N]) -> [Code; N] {
    let mut codes = [CODES[0]; N];
    let mut at = 0;
    while at < N {
        let mut known = CODES;
        while let [code, others @ ..] = known
            && !are_equal(code.name.as_bytes(), names[at].as_bytes())
        {
            known = others;
        }
        codes[at] = match known {
            [code, ..] => *code,
            [] => panic!("an error code has no text"),
        };
        at += 1;
    }
    codes
}

#[cfg(any(feature = "net", wasio_waitables))]
const fn are_equal(one: &[u8], other: &[u8]) -> bool {
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    at == one.len() && at == other.len()
}

/// The error codes of both versions, each with its name, its kind, and its text, which ends in the
/// name where it does not use the same words.
#[cfg(any(feature = "net", wasio_waitables))]
macro_rules! codes {
    ($($name:literal $kind:ident $text:literal)*) => {
        const CODES: &[Code] = &[$(Code {
            name: $name,
            kind: ErrorKind::$kind,
            text: $text,
        },)*];
    };
}

#[cfg(any(feature = "net", wasio_waitables))]
codes! {
    "access-denied" PermissionDenied
        "the host does not permit it: is the guest given the network? (access-denied)"
    "not-supported" Unsupported "the host does not support it"
    "invalid-argument" InvalidInput "invalid argument"
    "out-of-memory" OutOfMemory "the host is out of memory"
    "timeout" TimedOut "timed out"
    "would-block" WouldBlock "would block"
    "concurrency-conflict" Other "another operation is in progress (concurrency-conflict)"
    "not-in-progress" Other "no such operation is in progress (not-in-progress)"
    "invalid-state" NotConnected "the socket is not in the state for it (invalid-state)"
    "new-socket-limit" Other
        "the host has no room for one more socket: close some, or raise its limit \
         (new-socket-limit)"
    "address-not-bindable" AddrNotAvailable
        "the address is not one of this machine (address-not-bindable)"
    "address-in-use" AddrInUse "address in use"
    "remote-unreachable" HostUnreachable "the other side cannot be reached (remote-unreachable)"
    "connection-refused" ConnectionRefused "connection refused"
    "connection-broken" BrokenPipe "the connection is broken (connection-broken)"
    "connection-reset" ConnectionReset "connection reset"
    "connection-aborted" ConnectionAborted "connection aborted"
    "datagram-too-large" Other "the datagram is too large"
    "name-unresolvable" NotFound "there is no such name, or it has no address (name-unresolvable)"
    "temporary-resolver-failure" Other
        "the name cannot be resolved now (temporary-resolver-failure)"
    "permanent-resolver-failure" Other
        "the name cannot be resolved: is the guest permitted to look names up? \
         (permanent-resolver-failure)"
    "unknown" Other
        "the host does not say what failed, most often because it has no descriptors left: \
         close sockets, or raise its limit of open files (unknown)"
    "other" Other
        "the host does not say what failed, most often because it has no descriptors left: \
         close sockets, or raise its limit of open files (other)"
    "io" Other "the standard stream failed (io)"
    "illegal-byte-sequence" InvalidData "the standard stream failed (illegal-byte-sequence)"
    "pipe" BrokenPipe "the standard stream failed (pipe)"
}

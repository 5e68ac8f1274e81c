//! The host's errors as `io::Error`, with the host's code or text kept inside.

use std::error::Error;
use std::fmt;
use std::io;

#[cfg(feature = "net")]
use crate::errors::static_error;
#[cfg(feature = "net")]
use wasio_bindings::p2::ErrorCode;
use wasio_bindings::p2::StreamError;

/// Said of an option of a socket of the standard library.
#[cfg(feature = "net")]
pub(super) const NO_OPTION_OF_STD: &str = "WASI 0.2 has no such option for a socket of `std::net`: \
     make the socket with `wasio::net`";

/// The error of a WASI 0.2 host, inside of an [`io::Error`]: an error code of
/// `wasi:sockets/network`, or the text of a failed stream.
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
pub struct HostError(Repr);

enum Repr {
    #[cfg(feature = "net")]
    Code(ErrorCode),
    #[cfg(feature = "net")]
    CodeWithText(ErrorCode, String),
    Text(String),
}

impl HostError {
    /// The error code's name in WIT, such as `connection-refused`. `None` for a stream, of which the
    /// host gives a text alone.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        match &self.0 {
            #[cfg(feature = "net")]
            Repr::Code(code) | Repr::CodeWithText(code, _) => Some(code.name()),
            Repr::Text(_) => None,
        }
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            #[cfg(feature = "net")]
            Repr::Code(code) => f.write_str(text(*code)),
            #[cfg(feature = "net")]
            Repr::CodeWithText(_, text) => f.write_str(text),
            Repr::Text(text) => f.write_str(text),
        }
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

/// An error code of `wasi:sockets`.
#[cfg(feature = "net")]
#[cold]
pub(crate) fn of_code(code: ErrorCode) -> io::Error {
    // Frequent, and the kind says it all: not worth an allocation.
    if code == ErrorCode::WouldBlock {
        return io::ErrorKind::WouldBlock.into();
    }
    io::Error::new(kind(code), HostError(Repr::Code(code)))
}

/// The result of a call of the host.
#[cfg(feature = "net")]
pub(super) fn checked<T>(result: Result<T, ErrorCode>) -> io::Result<T> {
    result.map_err(of_code)
}

/// That the host has no such operation.
#[cfg(feature = "net")]
pub(super) fn unsupported(message: &'static str) -> io::Error {
    static_error(io::ErrorKind::Unsupported, message)
}

/// An error code of a look-up.
#[cfg(feature = "net")]
pub(crate) fn of_name(code: ErrorCode, name: &str) -> io::Error {
    let text = format!("cannot look up {name:?}: {}", text(code));
    io::Error::new(kind(code), HostError(Repr::CodeWithText(code, text)))
}

#[cfg(feature = "net")]
const fn kind(code: ErrorCode) -> io::ErrorKind {
    use io::ErrorKind;
    match code {
        ErrorCode::AccessDenied => ErrorKind::PermissionDenied,
        ErrorCode::NotSupported => ErrorKind::Unsupported,
        ErrorCode::InvalidArgument => ErrorKind::InvalidInput,
        ErrorCode::OutOfMemory => ErrorKind::OutOfMemory,
        ErrorCode::Timeout => ErrorKind::TimedOut,
        ErrorCode::WouldBlock => ErrorKind::WouldBlock,
        ErrorCode::AddressNotBindable => ErrorKind::AddrNotAvailable,
        ErrorCode::AddressInUse => ErrorKind::AddrInUse,
        ErrorCode::RemoteUnreachable => ErrorKind::HostUnreachable,
        ErrorCode::ConnectionRefused => ErrorKind::ConnectionRefused,
        ErrorCode::ConnectionReset => ErrorKind::ConnectionReset,
        ErrorCode::ConnectionAborted => ErrorKind::ConnectionAborted,
        ErrorCode::NameUnresolvable => ErrorKind::NotFound,
        // Each of these says that the socket is not in the state for it.
        ErrorCode::InvalidState => ErrorKind::NotConnected,
        ErrorCode::Unknown
        | ErrorCode::ConcurrencyConflict
        | ErrorCode::NotInProgress
        | ErrorCode::NewSocketLimit
        | ErrorCode::DatagramTooLarge
        | ErrorCode::TemporaryResolverFailure
        | ErrorCode::PermanentResolverFailure => ErrorKind::Other,
    }
}

/// The error's text. It ends in the code's name in WIT where it does not use the same words.
#[cfg(feature = "net")]
const fn text(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Unknown => {
            "the host does not say what failed, most often because it has no descriptors left: \
             close sockets, or raise its limit of open files (unknown)"
        }
        ErrorCode::AccessDenied => {
            "the host does not permit it: is the guest given the network? (access-denied)"
        }
        ErrorCode::NotSupported => "the host does not support it",
        ErrorCode::InvalidArgument => "invalid argument",
        ErrorCode::OutOfMemory => "the host is out of memory",
        ErrorCode::Timeout => "timed out",
        ErrorCode::ConcurrencyConflict => "another operation is in progress (concurrency-conflict)",
        ErrorCode::NotInProgress => "no such operation is in progress (not-in-progress)",
        ErrorCode::WouldBlock => "would block",
        ErrorCode::InvalidState => "the socket is not in the state for it (invalid-state)",
        ErrorCode::NewSocketLimit => {
            "the host has no room for one more socket: close some, or raise its limit \
             (new-socket-limit)"
        }
        ErrorCode::AddressNotBindable => {
            "the address is not one of this machine (address-not-bindable)"
        }
        ErrorCode::AddressInUse => "address in use",
        ErrorCode::RemoteUnreachable => "the other side cannot be reached (remote-unreachable)",
        ErrorCode::ConnectionRefused => "connection refused",
        ErrorCode::ConnectionReset => "connection reset",
        ErrorCode::ConnectionAborted => "connection aborted",
        ErrorCode::DatagramTooLarge => "the datagram is too large",
        ErrorCode::NameUnresolvable => {
            "there is no such name, or it has no address (name-unresolvable)"
        }
        ErrorCode::TemporaryResolverFailure => {
            "the name cannot be resolved now (temporary-resolver-failure)"
        }
        ErrorCode::PermanentResolverFailure => {
            "the name cannot be resolved: is the guest permitted to look names up? (permanent-resolver-failure)"
        }
    }
}

/// What a failed operation of a stream means; `None` when the stream has just ended.
#[cold]
pub(crate) fn of_stream(error: StreamError) -> Option<io::Error> {
    match error {
        StreamError::Closed => None,
        StreamError::LastOperationFailed(error) => {
            let text = error.to_debug_string();
            Some(io::Error::new(
                kind_of_text(&text),
                HostError(Repr::Text(text)),
            ))
        }
    }
}

/// The kind of a stream's error. In 0.2 the interface has no code for it, only a text, which on
/// wasmtime is that of the operating system.
fn kind_of_text(text: &str) -> io::ErrorKind {
    const KINDS: [(&str, io::ErrorKind); 7] = [
        ("reset", io::ErrorKind::ConnectionReset),
        ("forcibly closed", io::ErrorKind::ConnectionReset),
        ("abort", io::ErrorKind::ConnectionAborted),
        ("timed out", io::ErrorKind::TimedOut),
        ("pipe", io::ErrorKind::BrokenPipe),
        ("unreachable", io::ErrorKind::HostUnreachable),
        ("no route", io::ErrorKind::HostUnreachable),
    ];
    // The lines after the first tell where the error comes from.
    let mut lines = text.as_bytes().split(|byte| *byte == b'\n');
    let first = lines.next().unwrap_or_default();
    let kind = KINDS.into_iter().find(|(part, _)| contains(first, part));
    kind.map_or(io::ErrorKind::Other, |(_, kind)| kind)
}

/// Whether a text contains `part`, in capitals or not. Inlined for each kind, this takes 2 KB.
#[inline(never)]
fn contains(text: &[u8], part: &str) -> bool {
    let mut places = text.windows(part.len());
    places.any(|place| place.eq_ignore_ascii_case(part.as_bytes()))
}

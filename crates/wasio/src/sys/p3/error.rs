//! The host's errors as `io::Error`, with the host's code kept inside.

use std::error::Error;
use std::fmt;
use std::io;

use super::bindings::StreamFailure;
#[cfg(feature = "net")]
use super::bindings::{ErrorCode, SocketError, SocketResult};
#[cfg(feature = "net")]
use crate::errors::static_error;

/// Said of an option of a socket of the standard library.
#[cfg(feature = "net")]
pub(super) const NO_OPTION_OF_STD: &str = "WASI 0.3 has no such option for a socket of `std::net`: \
     make the socket with `wasio::net`";

/// The error of a WASI 0.3 host, inside of an [`io::Error`]: an error code of `wasi:sockets` or of
/// a standard stream.
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
    Stream(StreamFailure),
}

impl HostError {
    /// The error code's name in WIT, such as `connection-refused`.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        match &self.0 {
            #[cfg(feature = "net")]
            Repr::Code(code) | Repr::CodeWithText(code, _) => Some(code.name()),
            Repr::Stream(failure) => Some(failure.name()),
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
            Repr::Stream(failure) => write!(f, "the standard stream failed ({})", failure.name()),
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

/// How a standard stream failed.
#[cold]
pub(super) fn of_stream(failure: StreamFailure) -> io::Error {
    let kind = match failure {
        StreamFailure::Pipe => io::ErrorKind::BrokenPipe,
        StreamFailure::IllegalByteSequence => io::ErrorKind::InvalidData,
        StreamFailure::Io => io::ErrorKind::Other,
    };
    io::Error::new(kind, HostError(Repr::Stream(failure)))
}

/// An error of `wasi:sockets`.
#[cfg(feature = "net")]
#[cold]
pub(super) fn of_socket(error: SocketError) -> io::Error {
    let code = error.code;
    let repr = match error.text {
        Some(text) => Repr::CodeWithText(code, text),
        None => Repr::Code(code),
    };
    io::Error::new(kind(code), HostError(repr))
}

/// The result of a call of the host.
#[cfg(feature = "net")]
pub(super) fn checked<T>(result: SocketResult<T>) -> io::Result<T> {
    result.map_err(of_socket)
}

/// That the host has no such operation.
#[cfg(feature = "net")]
pub(super) fn unsupported(message: &'static str) -> io::Error {
    static_error(io::ErrorKind::Unsupported, message)
}

/// An error of a look-up.
#[cfg(feature = "net")]
pub(super) fn of_name(error: SocketError, name: &str) -> io::Error {
    let code = error.code;
    let why = error.text.as_deref().unwrap_or(text(code));
    let text = format!("cannot look up {name:?}: {why}");
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
        ErrorCode::AddressNotBindable => ErrorKind::AddrNotAvailable,
        ErrorCode::AddressInUse => ErrorKind::AddrInUse,
        ErrorCode::RemoteUnreachable => ErrorKind::HostUnreachable,
        ErrorCode::ConnectionRefused => ErrorKind::ConnectionRefused,
        ErrorCode::ConnectionBroken => ErrorKind::BrokenPipe,
        ErrorCode::ConnectionReset => ErrorKind::ConnectionReset,
        ErrorCode::ConnectionAborted => ErrorKind::ConnectionAborted,
        ErrorCode::NameUnresolvable => ErrorKind::NotFound,
        // Each of these says that the socket is not in the state for it.
        ErrorCode::InvalidState => ErrorKind::NotConnected,
        ErrorCode::DatagramTooLarge
        | ErrorCode::TemporaryResolverFailure
        | ErrorCode::PermanentResolverFailure
        | ErrorCode::Other => ErrorKind::Other,
    }
}

/// The error's text. It ends in the code's name in WIT where it does not use the same words.
#[cfg(feature = "net")]
const fn text(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::AccessDenied => {
            "the host does not permit it: is the guest given the network? (access-denied)"
        }
        ErrorCode::NotSupported => "the host does not support it",
        ErrorCode::InvalidArgument => "invalid argument",
        ErrorCode::OutOfMemory => "the host is out of memory",
        ErrorCode::Timeout => "timed out",
        ErrorCode::InvalidState => "the socket is not in the state for it (invalid-state)",
        ErrorCode::AddressNotBindable => {
            "the address is not one of this machine (address-not-bindable)"
        }
        ErrorCode::AddressInUse => "address in use",
        ErrorCode::RemoteUnreachable => "the other side cannot be reached (remote-unreachable)",
        ErrorCode::ConnectionRefused => "connection refused",
        ErrorCode::ConnectionBroken => "the connection is broken (connection-broken)",
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
        ErrorCode::Other => {
            "the host does not say what failed, most often because it has no descriptors left: \
             close sockets, or raise its limit of open files (other)"
        }
    }
}

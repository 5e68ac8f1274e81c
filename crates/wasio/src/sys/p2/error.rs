//! The host's errors as `io::Error`, with what the host said kept inside.

use std::error::Error;
use std::fmt;
use std::io;

use wasip2::io::streams::StreamError;
#[cfg(feature = "net")]
use wasip2::sockets::network::ErrorCode;

/// What a WASI 0.2 host said, inside of an [`io::Error`]: the error code of
/// `wasi:sockets/network`, or the words of a failed stream.
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
pub struct HostError(Said);

enum Said {
    #[cfg(feature = "net")]
    Code(ErrorCode),
    /// An error code, and more words than its own.
    #[cfg(feature = "net")]
    CodeInWords(ErrorCode, String),
    Words(String),
}

impl HostError {
    /// The error code by its name in WIT, as `connection-refused`; `None` where the host gave
    /// words alone.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        match &self.0 {
            #[cfg(feature = "net")]
            Said::Code(code) | Said::CodeInWords(code, _) => Some(code.name()),
            Said::Words(_) => None,
        }
    }
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            #[cfg(feature = "net")]
            Said::Code(code) => f.write_str(words(*code)),
            #[cfg(feature = "net")]
            Said::CodeInWords(_, words) => f.write_str(words),
            Said::Words(words) => f.write_str(words),
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
#[inline(never)]
pub(crate) fn of_code(code: ErrorCode) -> io::Error {
    // Frequent, and it says all there is: not worth an allocation.
    if code == ErrorCode::WouldBlock {
        return io::ErrorKind::WouldBlock.into();
    }
    io::Error::new(kind(code), HostError(Said::Code(code)))
}

/// The error codes in the order of WIT.
#[cfg(feature = "net")]
const CODES: [ErrorCode; 21] = [
    ErrorCode::Unknown,
    ErrorCode::AccessDenied,
    ErrorCode::NotSupported,
    ErrorCode::InvalidArgument,
    ErrorCode::OutOfMemory,
    ErrorCode::Timeout,
    ErrorCode::ConcurrencyConflict,
    ErrorCode::NotInProgress,
    ErrorCode::WouldBlock,
    ErrorCode::InvalidState,
    ErrorCode::NewSocketLimit,
    ErrorCode::AddressNotBindable,
    ErrorCode::AddressInUse,
    ErrorCode::RemoteUnreachable,
    ErrorCode::ConnectionRefused,
    ErrorCode::ConnectionReset,
    ErrorCode::ConnectionAborted,
    ErrorCode::DatagramTooLarge,
    ErrorCode::NameUnresolvable,
    ErrorCode::TemporaryResolverFailure,
    ErrorCode::PermanentResolverFailure,
];

#[cfg(feature = "net")]
const _: () = {
    let mut number = 0;
    while number < CODES.len() {
        assert!(CODES[number] as usize == number, "not the order of WIT");
        number += 1;
    }
};

/// An error code by its number in WIT, from our own imports.
#[cfg(feature = "net")]
#[cold]
pub(crate) fn of_number(number: u8) -> io::Error {
    let code = CODES.get(usize::from(number)).copied();
    of_code(code.unwrap_or(ErrorCode::Unknown))
}

/// An error code of a look-up.
#[cfg(feature = "net")]
pub(crate) fn of_name(code: ErrorCode, name: &str) -> io::Error {
    let words = format!("cannot look up {name:?}: {}", words(code));
    io::Error::new(kind(code), HostError(Said::CodeInWords(code, words)))
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

/// With the name of the code in WIT, as [`HostError::code`] has it, where the words are others.
#[cfg(feature = "net")]
const fn words(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Unknown => "the host does not say what failed (unknown)",
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
        ErrorCode::NewSocketLimit => "the host has no room for one more socket (new-socket-limit)",
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

/// Spelt out, as searching a string brings 2 KiB of code into each component.
#[inline(never)]
fn contains(words: &[u8], part: &[u8]) -> bool {
    let mut places = words.windows(part.len());
    places.any(|place| place.eq_ignore_ascii_case(part))
}

/// What a failed operation of a stream means; `None` when the stream has just ended.
#[cold]
#[inline(never)]
pub(crate) fn of_stream(error: StreamError) -> Option<io::Error> {
    match error {
        StreamError::Closed => None,
        StreamError::LastOperationFailed(error) => {
            let words = error.to_debug_string();
            let kind = kind_of_words(words.as_bytes());
            Some(io::Error::new(kind, HostError(Said::Words(words))))
        }
    }
}

/// The kind of a stream's error: the interface has no code for it in 0.2, only words, which on
/// wasmtime are those of the operating system.
fn kind_of_words(words: &[u8]) -> io::ErrorKind {
    const KINDS: [(&str, io::ErrorKind); 7] = [
        ("reset", io::ErrorKind::ConnectionReset),
        ("forcibly closed", io::ErrorKind::ConnectionReset),
        ("abort", io::ErrorKind::ConnectionAborted),
        ("timed out", io::ErrorKind::TimedOut),
        ("pipe", io::ErrorKind::BrokenPipe),
        ("unreachable", io::ErrorKind::HostUnreachable),
        ("no route", io::ErrorKind::HostUnreachable),
    ];
    // What comes after the first line is how the error came about.
    let first = words.split(|byte| *byte == b'\n').next();
    let first = first.unwrap_or_default();
    for (part, kind) in KINDS {
        if contains(first, part.as_bytes()) {
            return kind;
        }
    }
    io::ErrorKind::Other
}

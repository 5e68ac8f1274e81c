//! The errors of WASI 0.2: the codes of its sockets, and the texts of its streams.

use std::io;

use crate::sys::resources::host_error;
#[cfg(feature = "net")]
use crate::sys::resources::host_error::Code;
#[cfg(feature = "net")]
use wasio_bindings::p2::ErrorCode;
use wasio_bindings::p2::StreamError;

#[cfg(feature = "net")]
static CODES: [Code; ErrorCode::NAMES.len()] = host_error::codes(ErrorCode::NAMES);

/// An error code of `wasi:sockets`.
#[cfg(feature = "net")]
#[cold]
pub(super) fn of_code(code: ErrorCode) -> io::Error {
    // Frequent, and the kind says it all: not worth an allocation.
    if code == ErrorCode::WouldBlock {
        return io::ErrorKind::WouldBlock.into();
    }
    host_error::of_code(&CODES[code as usize], None)
}

/// The result of a call of the host.
#[cfg(feature = "net")]
pub(crate) fn checked<T>(result: Result<T, ErrorCode>) -> io::Result<T> {
    result.map_err(of_code)
}

/// An error code of a look-up.
#[cfg(feature = "net")]
pub(super) fn of_name(code: ErrorCode, name: &str) -> io::Error {
    host_error::of_name(&CODES[code as usize], None, name)
}

/// What a failed operation of a stream means; `None` when the stream has just ended.
#[cold]
pub(super) fn of_stream(error: StreamError) -> Option<io::Error> {
    match error {
        StreamError::Closed => None,
        StreamError::LastOperationFailed(error) => {
            let text = error.to_debug_string();
            Some(host_error::of_text(kind_of_text(&text), text))
        }
    }
}

/// The kind of a stream's error. In 0.2 the interface has no code for it, only a text. On wasmtime
/// that is the one of the operating system, and from version 48 on the name of the code.
fn kind_of_text(text: &str) -> io::ErrorKind {
    const KINDS: [(&str, io::ErrorKind); 9] = [
        ("reset", io::ErrorKind::ConnectionReset),
        ("forcibly closed", io::ErrorKind::ConnectionReset),
        ("abort", io::ErrorKind::ConnectionAborted),
        ("timed out", io::ErrorKind::TimedOut),
        ("timeout", io::ErrorKind::TimedOut),
        ("denied", io::ErrorKind::PermissionDenied),
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

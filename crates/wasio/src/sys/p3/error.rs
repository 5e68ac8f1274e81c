//! The errors of WASI 0.3: the codes of its sockets and of its standard streams.

use std::io;

use super::bindings::StreamFailure;
#[cfg(feature = "net")]
use super::bindings::{ErrorCode, SocketError, SocketResult};
use crate::sys::resources::host_error::{self, Code};

static FAILURES: [Code; StreamFailure::NAMES.len()] = host_error::codes(StreamFailure::NAMES);

#[cfg(feature = "net")]
static CODES: [Code; ErrorCode::NAMES.len()] = host_error::codes(ErrorCode::NAMES);

/// How a standard stream failed.
pub(super) fn of_stream(failure: StreamFailure) -> io::Error {
    host_error::of_code(&FAILURES[failure as usize], None)
}

/// An error of `wasi:sockets`.
#[cfg(feature = "net")]
pub(super) fn of_socket(error: SocketError) -> io::Error {
    host_error::of_code(&CODES[error.code as usize], error.text)
}

/// The result of a call of the host.
#[cfg(feature = "net")]
pub(crate) fn checked<T>(result: SocketResult<T>) -> io::Result<T> {
    result.map_err(of_socket)
}

/// An error of a look-up.
#[cfg(feature = "net")]
pub(super) fn of_name(error: SocketError, name: &str) -> io::Error {
    host_error::of_name(&CODES[error.code as usize], error.text, name)
}

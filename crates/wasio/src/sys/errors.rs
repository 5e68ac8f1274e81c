//! The errors of the contract, in the same words on every backend.

use std::error::Error;
use std::fmt;
use std::io;

use crate::RawDescriptor;

/// Words that need no formatting. As they are no `String`, an error of them is less code than one of
/// the standard library's.
struct StaticError(&'static str);

impl fmt::Display for StaticError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for StaticError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0, f)
    }
}

impl Error for StaticError {}

#[cold]
#[inline(never)]
pub(crate) fn static_error(kind: io::ErrorKind, message: &'static str) -> io::Error {
    io::Error::new(kind, StaticError(message))
}

pub(super) fn registered_twice(descriptor: RawDescriptor) -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        format!(
            "descriptor {descriptor} is registered already: use `reregister` to change its token or interests"
        ),
    )
}

pub(super) fn never_registered(descriptor: RawDescriptor) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!("descriptor {descriptor} is not registered with this selector"),
    )
}

pub(super) fn second_waker() -> io::Error {
    static_error(
        io::ErrorKind::AlreadyExists,
        "the poll has a `Waker` already: share it with an `Arc`, or drop it first",
    )
}

pub(super) fn nothing_to_wait_for() -> io::Error {
    static_error(
        io::ErrorKind::InvalidInput,
        "nothing to wait for: register a source, a timer or a waker, or give a timeout",
    )
}

#[allow(dead_code, reason = "on 0.2 there is nobody else")]
pub(super) fn already_waiting() -> io::Error {
    static_error(
        io::ErrorKind::ResourceBusy,
        "another thread is waiting on this selector: one `select` at a time",
    )
}

//! The errors of the contract, in the same words on every backend.

use std::io;

use crate::RawDescriptor;

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
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        "the poll has a `Waker` already: share it with an `Arc`, or drop it first",
    )
}

pub(super) fn nothing_to_wait_for() -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        "nothing to wait for: register a source, a timer or a waker, or give a timeout",
    )
}

#[allow(dead_code, reason = "on 0.2 there is nobody else")]
pub(super) fn already_waiting() -> io::Error {
    io::Error::new(
        io::ErrorKind::ResourceBusy,
        "another thread is waiting on this selector: one `select` at a time",
    )
}

//! The errors of the contract, in the same words on every backend.

use std::error::Error;
use std::fmt;
use std::io;

use crate::RawDescriptor;

/// The payload of an `io::Error` with a fixed message. It stores the message as it is: the standard
/// library's constructor would copy it into a `String`, which links more code.
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

// The first words of the errors about registering are mio's, because programs match on them.

#[cold]
pub(crate) fn registered_elsewhere() -> io::Error {
    static_error(
        io::ErrorKind::AlreadyExists,
        "I/O source already registered with a different `Registry`: deregister it there first",
    )
}

#[cold]
pub(crate) fn already_registered() -> io::Error {
    static_error(
        io::ErrorKind::AlreadyExists,
        "I/O source already registered with a `Registry`: \
         use `reregister` to change its token or interests",
    )
}

// Not inlined: in place in its callers it makes a program 0.1 kB larger.
#[cold]
#[inline(never)]
pub(crate) fn not_registered() -> io::Error {
    static_error(
        io::ErrorKind::NotFound,
        "I/O source not registered with `Registry`: call `register` first",
    )
}

pub(crate) fn registered_twice(descriptor: RawDescriptor) -> io::Error {
    io::Error::new(
        io::ErrorKind::AlreadyExists,
        format!(
            "I/O source already registered with a `Registry`: descriptor {descriptor}; \
             use `reregister` to change its token or interests"
        ),
    )
}

pub(crate) fn never_registered(descriptor: RawDescriptor) -> io::Error {
    io::Error::new(
        io::ErrorKind::NotFound,
        format!(
            "I/O source not registered with `Registry`: descriptor {descriptor}; \
             call `register` first"
        ),
    )
}

pub(crate) fn second_waker() -> io::Error {
    static_error(
        io::ErrorKind::AlreadyExists,
        "this `Poll` already has a `Waker`: share that one with an `Arc`, or drop it first",
    )
}

pub(crate) fn nothing_to_wait_for() -> io::Error {
    static_error(
        io::ErrorKind::InvalidInput,
        "nothing to wait for: register a source, a timer or a waker, or pass a timeout",
    )
}

pub(crate) fn already_waiting() -> io::Error {
    static_error(
        io::ErrorKind::ResourceBusy,
        "another thread is already in `select` on this selector: only one thread may wait at a time",
    )
}

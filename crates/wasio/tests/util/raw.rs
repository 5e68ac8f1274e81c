//! The one conversion that cannot be tested without unsafe code.

use std::os::fd::{FromRawFd, IntoRawFd};

pub(crate) fn from_into_raw_fd<T: FromRawFd + IntoRawFd>(source: T) -> T {
    let descriptor = source.into_raw_fd();
    // SAFETY: the line above gave the descriptor up: it is open, and nobody else owns it.
    unsafe { T::from_raw_fd(descriptor) }
}

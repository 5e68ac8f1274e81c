//! A descriptor by its number.
#![allow(unsafe_code, reason = "the trait's method is unsafe")]

use std::os::fd::{FromRawFd, IntoRawFd};

/// The same descriptor as another type, which must suit it.
pub(super) fn taken_over<T: FromRawFd>(owner: impl IntoRawFd) -> T {
    // SAFETY: the number was just given up by its owner.
    unsafe { T::from_raw_fd(owner.into_raw_fd()) }
}

//! The record of the host that `{:#?}` of an event prints.

use crate::portable::Directions;
use crate::sys::poll_fd::PollFd;

#[derive(Copy, Clone, Debug)]
#[allow(
    dead_code,
    reason = "read by `Debug`, which the lint does not count as a use"
)]
pub(crate) enum Record {
    /// The operations in flight of these directions have ended.
    Operation(Directions),
    /// What libc's `poll` returned of a descriptor.
    Fd(PollFd),
    /// The event needed no host: a timer, the waker.
    Local,
}

impl Record {
    pub(crate) const LOCAL: Self = Self::Local;
}

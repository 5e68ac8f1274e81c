//! The record of the host that `{:#?}` of an event prints.

use super::host::Handle;
use crate::sys::poll_fd::PollFd;

#[derive(Copy, Clone, Debug)]
#[allow(
    dead_code,
    reason = "read by `Debug`, which the lint does not count as a use"
)]
pub(crate) enum Record {
    /// The pollable with this handle is ready: the host says no more than that.
    Pollable(Handle),
    /// What libc's `poll` returned of a descriptor.
    Fd(PollFd),
    /// The event needed no host: a timer, the waker, a source that is always ready.
    Local,
}

impl Record {
    pub(crate) const LOCAL: Self = Self::Local;
}

//! The record of wasi-libc's `poll`, for the descriptors that it has made.

/// libc's `pollfd`.
#[repr(C)]
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct PollFd {
    pub(crate) fd: i32,
    pub(crate) events: i16,
    pub(crate) revents: i16,
}

impl PollFd {
    pub(crate) const POLLRDNORM: i16 = 1;
    pub(crate) const POLLWRNORM: i16 = 2;
    pub(crate) const POLLERR: i16 = 0x1000;
    pub(crate) const POLLHUP: i16 = 0x2000;
    pub(crate) const POLLNVAL: i16 = 0x4000;
}

const _: () = {
    use std::mem::{align_of, offset_of, size_of};
    assert!(size_of::<PollFd>() == 8 && align_of::<PollFd>() == 4);
    assert!(offset_of!(PollFd, events) == 4 && offset_of!(PollFd, revents) == 6);
};

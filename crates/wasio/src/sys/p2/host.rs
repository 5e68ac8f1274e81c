//! The host's calls that the selector makes, as a trait: the real ones are in `wasi.rs`; the
//! tests have scripted hosts.

use std::io;
use std::sync::Weak;

use super::target::Target;
pub(crate) use super::target::{Handle, NO_HANDLE};
use crate::Interest;
use crate::portable::Until;
use crate::sys::poll_fd::PollFd;

pub(crate) trait Host: Default + Send + Sync + 'static {
    /// A pollable that the selector owns; dropping it drops the pollable.
    type Pollable: Send;

    /// The monotonic clock.
    fn now_ns(&self) -> u64;

    /// A pollable that is ready from a time on the monotonic clock on.
    fn subscribe_instant(&self, at_ns: u64) -> Self::Pollable;

    fn handle(pollable: &Self::Pollable) -> Handle;

    /// A pollable that is always ready, for sources that wasio has read ahead of.
    fn always_ready(&self) -> Handle;

    /// `wasi:io/poll.poll`: waits until one of `handles` is ready, writes the places of those that
    /// are to `ready`, and returns how many they are: never more than there are handles.
    /// `handles` is never empty, and `ready` is as long at least.
    fn poll(&self, handles: &[Handle], ready: &mut [u32]) -> usize;

    /// libc's `poll`, of the descriptors that libc made.
    fn poll_fds(&self, fds: &mut [PollFd], timeout_ms: i32) -> io::Result<usize>;

    /// Drops the lingering streams that have sent everything. Returns when to call this again.
    fn sweep_lingering(&self) -> Until {
        Until::Never
    }

    /// Whether a stream is connecting.
    fn has_connects(&self) -> bool {
        false
    }

    /// What to wait for from now on, if the connect that this pollable is ready for has succeeded.
    fn connected(&self, _pollable: Handle, _interest: Interest) -> Option<Target> {
        None
    }

    /// The selector does not name this pollable of a connect any more: it may be dropped.
    fn release_connect(&self, _pollable: Handle) {}

    /// A selector was forked. The fork may name pollables of sources that are registered with the
    /// other selector, and must forget them before they are dropped.
    fn forked(&self, _fork: Weak<dyn Forget>) {}
}

/// What may name a pollable that it does not own.
pub(crate) trait Forget: Send + Sync {
    /// Removes what names a pollable that is about to be dropped.
    fn forget(&self, handle: Handle);
}

//! The host that a component runs on.

use std::io;
use std::sync::Weak;

use super::host::{Forget, Handle, Host};
use super::owned;
#[cfg(feature = "net")]
use super::target::Target;
use crate::sys::poll_fd::PollFd;
use crate::sys::resources::raw;
#[cfg(feature = "net")]
use crate::{Interest, portable::Until};
use wasio_bindings::p2::{Pollable, monotonic_clock, poll};

/// The real host.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct Wasi;

impl Host for Wasi {
    type Pollable = Pollable;

    fn now_ns(&self) -> u64 {
        monotonic_clock::now()
    }

    fn subscribe_instant(&self, at_ns: u64) -> Pollable {
        monotonic_clock::subscribe_instant(at_ns)
    }

    fn handle(pollable: &Pollable) -> Handle {
        pollable.handle()
    }

    #[cfg(feature = "net")]
    fn always_ready(&self) -> Handle {
        super::ready::always_ready()
    }

    /// Without sockets nothing is read ahead.
    #[cfg(not(feature = "net"))]
    fn always_ready(&self) -> Handle {
        super::host::NO_HANDLE
    }

    fn poll(&self, handles: &[Handle], ready: &mut [u32]) -> usize {
        poll(handles, ready)
    }

    fn poll_fds(&self, fds: &mut [PollFd], timeout_ms: i32) -> io::Result<usize> {
        raw::poll_fds(fds, timeout_ms)
    }

    #[cfg(feature = "net")]
    fn sweep_lingering(&self) -> Until {
        crate::sys::net::linger::sweep().map_or(Until::Never, Until::At)
    }

    #[cfg(feature = "net")]
    fn has_connects(&self) -> bool {
        super::net::connecting::has_any()
    }

    #[cfg(feature = "net")]
    fn connected(&self, pollable: Handle, interest: Interest) -> Option<Target> {
        super::net::connecting::connected(pollable, interest)
    }

    #[cfg(feature = "net")]
    fn release_connect(&self, pollable: Handle) {
        super::net::connecting::release(pollable);
    }

    fn forked(&self, fork: Weak<dyn Forget>) {
        owned::add_fork(fork);
    }
}

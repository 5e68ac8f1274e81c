//! What the host has not taken yet when the program ends. An operating system still sends what was
//! written to a socket that is open at the end. On WASI 0.3 the program must run for that, so its end
//! waits, up to a limit.

use std::sync::atomic::{AtomicBool, Ordering};

use super::bindings::monotonic_clock;
use super::clock::Clock;
use super::raw;
use super::signals;
use crate::portable::Until;

/// The longest that the end of a program without sockets waits.
#[cfg(not(all(wasio_waitables, feature = "net")))]
const MAX_AGE_NS: u64 = 5_000_000_000;

/// Something is in flight that is to be sent.
pub(super) fn note() {
    static AT_EXIT: AtomicBool = AtomicBool::new(false);
    if !AT_EXIT.swap(true, Ordering::Relaxed) {
        raw::at_exit(wait_for_open);
    }
}

/// Blocks until something is sent, or until the deadline.
pub(super) fn wait_until(deadline_ns: u64, is_sent: impl Fn() -> bool) {
    let clock = Clock::new();
    while !is_sent() && monotonic_clock::now() < deadline_ns {
        if clock.block(Until::At(deadline_ns)).is_err() {
            return;
        }
    }
}

extern "C" fn wait_for_open() {
    wait_until(end_ns(), || !signals::have_unsent());
}

/// When the end of the program waits no longer.
fn end_ns() -> u64 {
    #[cfg(all(wasio_waitables, feature = "net"))]
    {
        crate::sys::net::linger::end_ns()
    }
    #[cfg(not(all(wasio_waitables, feature = "net")))]
    monotonic_clock::now().saturating_add(MAX_AGE_NS)
}

//! A pollable that the sources need which is always ready, and whether one is ready now.

use super::cell::Once;
use super::host::Handle;
use super::owned::Owned;
use wasio_bindings::p2::{Pollable, monotonic_clock, poll};

/// A pollable that is ready for as long as the program runs: it stands for a source that has
/// something to give without the host.
#[inline(never)]
pub(super) fn always_ready() -> Handle {
    static READY: Once<Owned> = Once::new();
    READY.get_or_init(|| Owned::new(due())).handle()
}

/// Whether a pollable is ready now.
pub(super) fn is_ready(handle: Handle) -> bool {
    is_ready_before(handle, due().handle())
}

/// A new clock that is due: see [`Clock::now`](super::clock::Clock::now).
fn due() -> Pollable {
    monotonic_clock::subscribe_instant(0)
}

/// Waits for one of two, and returns whether it is the first, or both.
#[cold]
#[inline(never)]
pub(super) fn is_ready_before(handle: Handle, other: Handle) -> bool {
    let mut ready = [0; 2];
    let len = poll(&[handle, other], &mut ready);
    len == 2 || ready[0] == 0
}

//! What the handles of a 0.1 selector share beside the registrations.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::host::Host;
use super::parker::Parker;
use super::quirks::Sharing;

/// The 0.1 backend, on the host `H`.
#[derive(Debug)]
pub(crate) struct P1<H> {
    pub(super) host: H,
    /// Where the thread sleeps that has no descriptors to wait for.
    pub(super) parker: Parker,
    /// The handles that may be in another thread, and the one that is not.
    pub(super) handles: AtomicUsize,
    /// Whether the selector was used while a thread waited, which only another thread can do.
    pub(super) used_elsewhere: AtomicBool,
}

impl<H: Host> P1<H> {
    /// How the selector is shared between threads.
    pub(super) fn sharing(&self, has_waker: impl FnOnce() -> bool) -> Sharing {
        if !H::THREADS {
            Sharing::None
        } else if self.used_elsewhere.load(Ordering::Relaxed) || has_waker() {
            Sharing::Certain
        } else if self.handles.load(Ordering::Relaxed) > 1 {
            Sharing::Handle
        } else {
            Sharing::Possible
        }
    }
}

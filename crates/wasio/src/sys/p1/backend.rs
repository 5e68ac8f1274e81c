//! What the handles of a 0.1 selector share beside the registrations.

use std::sync::atomic::{AtomicBool, Ordering};

use super::host::Host;
use super::parker::Parker;
use super::quirks::Sharing;

/// The 0.1 backend, on the host `H`.
#[derive(Debug)]
pub(crate) struct P1<H> {
    pub(super) host: H,
    /// Where the thread sleeps that has no descriptors to wait for.
    pub(super) parker: Parker,
    /// Whether the selector was used while a thread waited, which only another thread can do.
    pub(super) used_elsewhere: AtomicBool,
}

impl<H: Host> P1<H> {
    /// How the selector is shared between threads.
    pub(super) fn sharing(
        &self,
        has_other_handle: bool,
        has_waker: impl FnOnce() -> bool,
    ) -> Sharing {
        if !H::THREADS {
            Sharing::None
        } else if self.used_elsewhere.load(Ordering::Relaxed) || has_waker() {
            Sharing::Certain
        } else if has_other_handle {
            Sharing::Handle
        } else {
            Sharing::Possible
        }
    }
}

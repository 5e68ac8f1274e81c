//! What the handles of a 0.3 selector share beside the registrations.

use super::signals::{self, SelectorId};

/// The 0.3 backend.
#[derive(Debug)]
pub(crate) struct P3 {
    pub(super) id: SelectorId,
    /// What is done when it goes. For a fork that is more, and is linked only if there is one.
    remove: fn(SelectorId),
}

impl P3 {
    pub(super) fn new() -> Self {
        Self::removed_by(signals::remove_selector)
    }

    pub(super) fn fork() -> Self {
        Self::removed_by(signals::remove_fork)
    }

    fn removed_by(remove: fn(SelectorId)) -> Self {
        let id = signals::new_selector();
        Self { id, remove }
    }
}

impl Drop for P3 {
    fn drop(&mut self) {
        (self.remove)(self.id);
    }
}

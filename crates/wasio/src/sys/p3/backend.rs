//! What the handles of a 0.3 selector share beside the registrations.

use super::signals::{self, SelectorId};

/// The 0.3 backend.
#[derive(Debug)]
pub(crate) struct P3 {
    pub(super) id: SelectorId,
    /// Only a fork may go before what is registered.
    is_fork: bool,
}

impl P3 {
    pub(super) fn new(is_fork: bool) -> Self {
        Self {
            id: signals::new_selector(),
            is_fork,
        }
    }
}

impl Drop for P3 {
    fn drop(&mut self) {
        signals::remove_selector(self.id);
        if self.is_fork {
            signals::remove_registrations(self.id);
        }
    }
}

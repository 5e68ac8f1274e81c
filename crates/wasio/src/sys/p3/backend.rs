//! What the handles of a 0.3 selector share beside the registrations.

use super::signals::{self, SelectorId};

/// The 0.3 backend.
#[derive(Debug)]
pub(crate) struct P3 {
    pub(super) id: SelectorId,
}

impl P3 {
    pub(super) fn new() -> Self {
        Self {
            id: signals::new_selector(),
        }
    }
}

impl Drop for P3 {
    fn drop(&mut self) {
        signals::remove_selector(self.id);
    }
}

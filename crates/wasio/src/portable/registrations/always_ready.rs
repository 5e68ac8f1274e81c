//! The registrations that the host does not wait for: always ready, whenever they are armed.

use super::{Registrations, Source};
use crate::portable::{Directions, Key};

impl<S: Source, A: Copy> Registrations<S, A> {
    #[cold]
    pub(super) fn list_always_ready(&mut self, index: u32) {
        if let Some((Some(key), registration)) = self.slab.at_mut(index)
            && !registration.is_listed
        {
            registration.is_listed = true;
            self.always_ready.push_back(key);
        }
    }

    /// Whether something may be always ready and armed.
    pub(crate) fn has_always_ready(&self) -> bool {
        S::MAY_BE_ALWAYS_READY && !self.always_ready.is_empty()
    }

    /// Gives each registration that is always ready and armed to `report`, which says whether it had
    /// room for it. Those for which there was no room come first the next time.
    #[cold]
    pub(crate) fn report_always_ready(
        &mut self,
        mut report: impl FnMut(&mut Self, Key, Directions) -> bool,
    ) {
        for _ in 0..self.always_ready.len() {
            let Some(key) = self.always_ready.pop_front() else {
                return;
            };
            let Some(registration) = self.slab.get_mut(key) else {
                continue;
            };
            // What is disarmed stays until an update takes it up: armed again before, it is no
            // change, and it would be in no list.
            let armed = registration.armed;
            registration.is_listed =
                registration.waits.is_always_ready() && !armed.with(registration.known).is_empty();
            if !registration.is_listed {
                continue;
            }
            if !armed.is_empty() && !report(self, key, armed) {
                self.always_ready.push_front(key);
                return;
            }
            self.always_ready.push_back(key);
        }
    }
}

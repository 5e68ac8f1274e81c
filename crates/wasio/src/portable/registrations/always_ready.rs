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
            self.always_ready.push(key);
        }
    }

    /// Whether something may be always ready and armed.
    pub(crate) const fn has_always_ready(&self) -> bool {
        S::MAY_BE_ALWAYS_READY && !self.always_ready.is_empty()
    }

    /// Gives each registration that is always ready and armed to `report`, which says whether it had
    /// room for it. Those for which there was no room come first the next time.
    #[cold]
    pub(crate) fn report_always_ready(
        &mut self,
        mut report: impl FnMut(&mut Self, Key, Directions) -> bool,
    ) {
        let mut list = std::mem::take(&mut self.always_ready);
        list.retain(|key| match self.slab.get_mut(*key) {
            None => false,
            Some(registration) => {
                // What is disarmed stays until an update takes it up: armed again before, it is no
                // change, and it would be in no list.
                let stays = registration.waits.is_always_ready()
                    && !registration.armed.with(registration.known).is_empty();
                registration.is_listed = stays;
                stays
            }
        });
        let mut reported = 0;
        for key in &list {
            let armed = self.get(*key).map_or(Directions::NONE, |one| one.armed);
            if !armed.is_empty() && !report(self, *key, armed) {
                break;
            }
            reported += 1;
        }
        list.rotate_left(reported);
        // Nothing is listed meanwhile: that happens in an update only.
        self.always_ready = list;
    }
}

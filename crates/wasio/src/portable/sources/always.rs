//! What is ready without asking the host: a file, what it refuses to wait for, and what stands outside
//! its array.

use super::Sources;
use super::entry::Waits;
use crate::portable::key::SlotId;
use crate::portable::{Direction, Key};

impl<S: Copy> Sources<S> {
    /// Says that the host refuses to wait for a source: it counts as ready whenever it is armed.
    #[cold]
    pub(crate) fn set_refused(&mut self, key: Key) {
        self.set_waits(key, Waits::Refused);
    }

    /// Says whether a source stands outside the array from now on.
    pub(crate) fn set_always_ready(&mut self, key: Key, always_ready: bool) {
        self.set_waits(key, Waits::from_always_ready(always_ready));
    }

    fn set_waits(&mut self, key: Key, waits: Waits) {
        self.list = Some(Self::list_always_ready);
        let Some(entry) = self.entry_mut(key) else {
            return;
        };
        entry.waits = waits;
        for direction in Direction::BOTH {
            self.mark_dirty(key.slot(direction));
        }
    }

    /// The directions that are armed and ready without asking the host.
    pub(crate) fn always_ready(&mut self) -> &[(Key, Direction)] {
        if !self.always.is_empty() {
            self.drop_unarmed();
        }
        &self.always
    }

    /// Whether there may be any.
    pub(crate) const fn has_always_ready(&self) -> bool {
        !self.always.is_empty()
    }

    #[cold]
    fn drop_unarmed(&mut self) {
        let mut always = std::mem::take(&mut self.always);
        always.retain(|&(key, direction)| {
            let armed = self.is_armed(key, direction)
                && self
                    .entry(key)
                    .is_some_and(|entry| entry.waits != Waits::Yes);
            if !armed
                && self.entry(key).is_some()
                && let Some(slot) = self.slot_mut(key.slot(direction))
            {
                slot.listed = false;
            }
            armed
        });
        self.always = always;
    }

    pub(super) fn list_always_ready(&mut self, id: SlotId) {
        if let Some(slot) = self.slot_mut(id)
            && !slot.listed
        {
            slot.listed = true;
            self.always.push((self.key_of(id), id.direction()));
        }
    }
}

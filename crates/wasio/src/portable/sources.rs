//! The registration table: who is registered, what is asked for, what is armed.
//!
//! It does not hold the host's array ([`Order`]), which is away while a thread
//! waits on it. Changes mark a slot *dirty*; [`Sources::reconcile`] brings the array up
//! to date before the next wait. A direction that is disarmed by an event and armed again by
//! the read that follows, the usual course of a request, never touches the array.

use std::ops::RangeInclusive;

use super::key::{Direction, Key, SlotId};
use super::order::Order;
use crate::{Interest, Mode, Token};

/// Not in the array.
pub(super) const ABSENT: u32 = u32::MAX;

/// How long a slot stays hot after it moved bytes, as powers of two of polls. One
/// that is new, or was silent for long, has the shortest lease: a storm of connections that speak
/// once must not fill the hot prefix. One that comes back in time gets twice the polls it took.
const LEASES: RangeInclusive<u8> = 4..=9;

/// The state of one direction of one registration.
#[derive(Copy, Clone, Debug)]
pub(super) struct Slot {
    /// Where its record stands in the array, or [`ABSENT`]. Changed by `Order` only.
    pub(super) position: u32,
    /// The poll in which it last moved bytes.
    stamp: u32,
    /// It is hot for so many polls more, as a power of two.
    lease: u8,
    /// Whether the next wait should include it.
    armed: bool,
    /// Whether it stands in the dirty list.
    dirty: bool,
    /// Whether it stands in the list of what is always ready.
    listed: bool,
}

impl Slot {
    const IDLE: Self = Self {
        position: ABSENT,
        stamp: 0,
        lease: *LEASES.start(),
        armed: false,
        dirty: false,
        listed: false,
    };
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Life {
    Free,
    Registered,
    /// Deregistered, but a record of it may still stand in the array.
    Leaving,
}

/// Whether the host is asked about a source.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Waits {
    Yes,
    /// It never blocks: ready whenever it is armed.
    NoNeed,
    /// The host refuses to wait for it: called ready whenever it is armed.
    Refused,
}

impl Waits {
    const fn from_always_ready(always_ready: bool) -> Self {
        if always_ready {
            Self::NoNeed
        } else {
            Self::Yes
        }
    }
}

#[derive(Clone, Debug)]
struct Entry<S> {
    generation: u32,
    token: Token,
    source: S,
    interest: Interest,
    mode: Mode,
    life: Life,
    waits: Waits,
    /// Where the source's event of this poll may be; the next free index when free.
    hint: u32,
    slots: [Slot; 2],
}

/// What is known of a registered source.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Registered<S> {
    pub(crate) source: S,
    pub(crate) token: Token,
    pub(crate) interest: Interest,
    pub(crate) mode: Mode,
    pub(crate) always_ready: bool,
    /// Always ready because the host refuses to wait for it.
    pub(crate) refused: bool,
}

/// The registration table.
#[derive(Clone, Debug)]
pub(crate) struct Sources<S> {
    entries: Vec<Entry<S>>,
    /// The first free index, a list through `Entry::hint`.
    free: u32,
    registered: usize,
    dirty: Vec<SlotId>,
    /// What is armed and always ready; may hold some that no longer are.
    always: Vec<(Key, Direction)>,
    /// Counts polls; wraps.
    poll: u32,
}

impl<S: Copy> Sources<S> {
    pub(crate) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            free: ABSENT,
            registered: 0,
            dirty: Vec::new(),
            always: Vec::new(),
            poll: 0,
        }
    }

    /// The number of registrations.
    pub(crate) const fn len(&self) -> usize {
        self.registered
    }

    /// Adds a registration and arms what it is interested in. `None` when the
    /// table is full (2^31 registrations).
    pub(crate) fn register(
        &mut self,
        source: S,
        token: Token,
        interest: Interest,
        mode: Mode,
        always_ready: bool,
    ) -> Option<Key> {
        let key = self.allocate(Entry {
            generation: 1,
            token,
            source,
            interest,
            mode,
            life: Life::Registered,
            waits: Waits::from_always_ready(always_ready),
            hint: 0,
            slots: [Slot::IDLE; 2],
        })?;
        self.registered += 1;
        self.arm_interest(key, interest);
        Some(key)
    }

    fn allocate(&mut self, mut entry: Entry<S>) -> Option<Key> {
        if self.free == ABSENT {
            let index = u32::try_from(self.entries.len()).ok()?;
            if index >= SlotId::CLOCK.index() {
                return None;
            }
            self.entries.push(entry);
            return Some(Key {
                index,
                generation: 1,
            });
        }
        let index = self.free;
        let old = &mut self.entries[index as usize];
        self.free = old.hint;
        entry.generation = old.generation;
        let generation = old.generation;
        *old = entry;
        Some(Key { index, generation })
    }

    /// Replaces token, interest and mode, and arms what is asked for. `false` if `key` is stale.
    pub(crate) fn reregister(
        &mut self,
        key: Key,
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> bool {
        let Some(entry) = self.entry_mut(key) else {
            return false;
        };
        entry.token = token;
        entry.interest = interest;
        entry.mode = mode;
        self.arm_interest(key, interest);
        true
    }

    /// Replaces what a registration is made of. Neither direction may stand in the array.
    pub(crate) fn set_source(&mut self, key: Key, source: S) {
        if let Some(entry) = self.entry_mut(key) {
            debug_assert!(
                entry.slots.iter().all(|slot| slot.position == ABSENT),
                "the array has a record of the old source"
            );
            entry.source = source;
        }
    }

    /// Removes a registration: from here on `key` is stale. `false` if it was before.
    pub(crate) fn deregister(&mut self, key: Key) -> bool {
        let Some(entry) = self.entry_mut(key) else {
            return false;
        };
        entry.life = Life::Leaving;
        // Zero would make a host's label zero, which some hosts use themselves.
        entry.generation = match entry.generation.wrapping_add(1) {
            0 => 1,
            next => next,
        };
        self.registered -= 1;
        for direction in Direction::BOTH {
            let slot = key.slot(direction);
            self.slot_mut(slot).armed = false;
            self.mark_dirty(slot);
        }
        true
    }

    pub(crate) fn get(&self, key: Key) -> Option<Registered<S>> {
        let entry = self.entry(key)?;
        Some(Registered {
            source: entry.source,
            token: entry.token,
            interest: entry.interest,
            mode: entry.mode,
            always_ready: entry.waits != Waits::Yes,
            refused: entry.waits == Waits::Refused,
        })
    }

    /// All registrations, in no order that means anything.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, Registered<S>)> + '_ {
        (0u32..).zip(&self.entries).filter_map(|(index, entry)| {
            let generation = entry.generation;
            let key = Key { index, generation };
            self.get(key).map(|registered| (key, registered))
        })
    }

    /// Includes a direction in the next wait, if it is one of the interests.
    /// Returns whether that changed anything.
    pub(crate) fn arm(&mut self, key: Key, direction: Direction) -> bool {
        let Some(entry) = self.entry_mut(key) else {
            return false;
        };
        let wanted = match direction {
            Direction::Read => entry.interest.is_readable(),
            Direction::Write => entry.interest.is_writable(),
        };
        wanted && self.set_armed(key, direction, true)
    }

    /// Leaves a direction out of the next wait.
    pub(crate) fn disarm(&mut self, key: Key, direction: Direction) {
        if self.entry(key).is_some() {
            self.set_armed(key, direction, false);
        }
    }

    pub(crate) fn is_armed(&self, key: Key, direction: Direction) -> bool {
        self.entry(key)
            .is_some_and(|entry| entry.slots[direction as usize].armed)
    }

    /// Notes that a direction moved bytes: it becomes hot.
    pub(crate) fn touch(&mut self, key: Key, direction: Direction, order_hot: u32) {
        let poll = self.poll;
        let Some(entry) = self.entry_mut(key) else {
            return;
        };
        let slot = &mut entry.slots[direction as usize];
        slot.lease = renewed(slot.lease, poll.wrapping_sub(slot.stamp));
        slot.stamp = poll;
        if slot.position != ABSENT && slot.position > order_hot {
            self.mark_dirty(key.slot(direction));
        }
    }

    /// Says that the host refuses to wait for a source: it counts as ready whenever it is armed.
    pub(crate) fn set_refused(&mut self, key: Key) {
        self.set_waits(key, Waits::Refused);
    }

    /// Says whether a source stands outside the array from now on.
    pub(crate) fn set_always_ready(&mut self, key: Key, always_ready: bool) {
        self.set_waits(key, Waits::from_always_ready(always_ready));
    }

    fn set_waits(&mut self, key: Key, waits: Waits) {
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
        let mut always = std::mem::take(&mut self.always);
        always.retain(|&(key, direction)| {
            let armed = self.is_armed(key, direction);
            if !armed && self.entry(key).is_some() {
                self.slot_mut(key.slot(direction)).listed = false;
            }
            armed
        });
        self.always = always;
        &self.always
    }

    /// What a place in the array waits for; `None` for the clock, and for a
    /// registration that is gone.
    pub(crate) fn subscription(&self, slot: SlotId) -> Option<(S, Key, Direction)> {
        if slot == SlotId::CLOCK {
            return None;
        }
        let key = self.key_of(slot);
        Some((self.entry(key)?.source, key, slot.direction()))
    }

    /// The registration a slot belongs to now.
    fn key_of(&self, slot: SlotId) -> Key {
        let index = slot.index();
        let generation = self.entries[index as usize].generation;
        Key { index, generation }
    }

    /// The place of the source's event in this poll's list, as far as is known.
    pub(crate) fn hint_mut(&mut self, key: Key) -> Option<&mut u32> {
        self.entry_mut(key).map(|entry| &mut entry.hint)
    }

    /// Begins a poll: brings `order` up to date with all that was armed, disarmed,
    /// registered and deregistered since the last one, and cools what moved no
    /// bytes for long. `record` makes the host's record of a direction.
    pub(crate) fn reconcile<R: Copy>(
        &mut self,
        order: &mut Order<R>,
        mut record: impl FnMut(S, Key, Direction) -> R,
    ) {
        self.poll = self.poll.wrapping_add(1);
        while let Some(id) = self.dirty.pop() {
            self.slot_mut(id).dirty = false;
            let slot = *self.slot(id);
            let entry = &self.entries[id.index() as usize];
            let (always_ready, source) = (entry.waits != Waits::Yes, entry.source);
            match (slot.armed && !always_ready, slot.position != ABSENT) {
                (true, false) => {
                    let record = record(source, self.key_of(id), id.direction());
                    order.insert(self, id, record, self.is_hot(slot));
                }
                (true, true) if self.is_hot(slot) => order.promote(self, id),
                (true, true) | (false, false) => {}
                (false, true) => order.remove(self, id),
            }
            if slot.armed && always_ready {
                self.list_always_ready(id);
            }
            self.release_if_left(id.index());
        }
        order.cool_stale(self);
    }

    fn list_always_ready(&mut self, id: SlotId) {
        if !self.slot(id).listed {
            self.slot_mut(id).listed = true;
            self.always.push((self.key_of(id), id.direction()));
        }
    }

    /// Whether a slot belongs in the hot prefix.
    const fn is_hot(&self, slot: Slot) -> bool {
        self.poll.wrapping_sub(slot.stamp) <= 1 << slot.lease
    }

    pub(super) fn is_stale(&self, id: SlotId) -> bool {
        !self.is_hot(*self.slot(id))
    }

    pub(super) fn set_position(&mut self, id: SlotId, position: u32) {
        if id != SlotId::CLOCK {
            self.slot_mut(id).position = position;
        }
    }

    pub(super) fn position(&self, id: SlotId) -> u32 {
        self.slot(id).position
    }

    fn arm_interest(&mut self, key: Key, interest: Interest) {
        let poll = self.poll;
        for (direction, wanted) in [
            (Direction::Read, interest.is_readable()),
            (Direction::Write, interest.is_writable()),
        ] {
            self.slot_mut(key.slot(direction)).stamp = poll;
            self.set_armed(key, direction, wanted);
        }
    }

    fn set_armed(&mut self, key: Key, direction: Direction, armed: bool) -> bool {
        let id = key.slot(direction);
        let slot = self.slot_mut(id);
        if slot.armed == armed {
            return false;
        }
        slot.armed = armed;
        self.mark_dirty(id);
        true
    }

    fn mark_dirty(&mut self, id: SlotId) {
        let slot = self.slot_mut(id);
        if !slot.dirty {
            slot.dirty = true;
            self.dirty.push(id);
        }
    }

    /// Frees the index of a registration that left, once nothing refers to it.
    fn release_if_left(&mut self, index: u32) {
        let next = self.free;
        let entry = &mut self.entries[index as usize];
        let referred = |slot: &Slot| slot.dirty || slot.position != ABSENT;
        if entry.life == Life::Leaving && !entry.slots.iter().any(referred) {
            entry.life = Life::Free;
            entry.hint = next;
            self.free = index;
        }
    }

    fn entry(&self, key: Key) -> Option<&Entry<S>> {
        self.entries
            .get(key.index as usize)
            .filter(|entry| entry.life == Life::Registered && entry.generation == key.generation)
    }

    fn entry_mut(&mut self, key: Key) -> Option<&mut Entry<S>> {
        self.entries
            .get_mut(key.index as usize)
            .filter(|entry| entry.life == Life::Registered && entry.generation == key.generation)
    }

    fn slot(&self, id: SlotId) -> &Slot {
        &self.entries[id.index() as usize].slots[id.direction() as usize]
    }

    fn slot_mut(&mut self, id: SlotId) -> &mut Slot {
        &mut self.entries[id.index() as usize].slots[id.direction() as usize]
    }
}

/// The lease of a slot that moves bytes `polls` polls after the last time.
fn renewed(lease: u8, polls: u32) -> u8 {
    if polls > 1 << *LEASES.end() {
        return *LEASES.start();
    }
    // Twice the polls, rounded up; a long lease shrinks slowly.
    let needed = u32::BITS - polls.leading_zeros() + 1;
    let needed = u8::try_from(needed).unwrap_or(u8::MAX);
    let kept = needed.max(lease.saturating_sub(1));
    kept.clamp(*LEASES.start(), *LEASES.end())
}

#[cfg(test)]
mod tests;

//! The registration table: who is registered, what is asked for, what is armed.
//!
//! It does not hold the host's array ([`Order`]), which is away while a thread
//! waits on it. Changes mark a slot *dirty*; [`Sources::reconcile`] brings the array up
//! to date before the next wait. A direction that is disarmed by an event and armed again by
//! the read that follows, the usual course of a request, never touches the array.

mod always;
mod entry;

pub(crate) use self::entry::Armed;
use self::entry::{Entry, Life, Slot, Waits, registered};
use super::key::{Direction, Key, SlotId};
use super::order::{Order, Placed};
use super::push;
use crate::{Interest, Mode, Token};

/// Not in the array.
pub(super) const ABSENT: u32 = u32::MAX;

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
    /// The slot that changed last, of a list through `Slot::next`.
    dirty: SlotId,
    /// What is armed and always ready; may hold some that no longer are.
    always: Vec<(Key, Direction)>,
    /// [`Sources::list_always_ready`], once there was a source that is always ready: programs
    /// without any go without its code.
    list: Option<fn(&mut Self, SlotId)>,
    /// Counts polls; wraps.
    poll: u32,
}

impl<S: Copy> Sources<S> {
    pub(crate) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            free: ABSENT,
            registered: 0,
            dirty: SlotId::CLOCK,
            always: Vec::new(),
            list: None,
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
        if always_ready {
            self.list = Some(Self::list_always_ready);
        }
        self.registered += 1;
        self.arm_interest(key, interest);
        Some(key)
    }

    fn allocate(&mut self, mut entry: Entry<S>) -> Option<Key> {
        let index = self.free;
        // There is none where no index is free.
        if let Some(old) = self.entries.get_mut(index as usize) {
            self.free = old.hint;
            let generation = old.generation;
            entry.generation = generation;
            *old = entry;
            return Some(Key { index, generation });
        }
        let index = u32::try_from(self.entries.len()).ok()?;
        if index >= SlotId::CLOCK.index() {
            return None;
        }
        let generation = entry.generation;
        push(&mut self.entries, entry);
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

    /// Replaces what a registration is made of, also where its records stand in `order`.
    pub(crate) fn set_source<R: Placed>(
        &mut self,
        key: Key,
        source: S,
        order: &mut Order<R>,
        mut record: impl FnMut(S, Key, Direction) -> R,
    ) {
        let Some(entry) = self.entry_mut(key) else {
            return;
        };
        entry.source = source;
        for direction in Direction::BOTH {
            if let Some(place) = order.record_mut(entry.slots[direction as usize].position) {
                *place = record(source, key, direction);
            }
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
            if let Some(slot) = self.slot_mut(slot) {
                slot.armed = false;
            }
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
        (0u32..).zip(&self.entries).filter_map(|(index, _)| {
            let (key, _) = self.at(index)?;
            self.get(key).map(|registered| (key, registered))
        })
    }

    /// Includes a direction in the next wait, if it is one of the interests.
    /// Returns whether that changed anything.
    #[inline(never)]
    pub(crate) fn arm(&mut self, key: Key, direction: Direction) -> bool {
        let Some(entry) = self.entry_mut(key) else {
            return false;
        };
        let wanted = entry.interest.wants(direction);
        let slot = &mut entry.slots[direction as usize];
        let changes = wanted && !slot.armed;
        if changes {
            slot.armed = true;
            self.mark_dirty(key.slot(direction));
        }
        changes
    }

    /// What an operation on a direction told: whether it moved bytes, which makes the direction
    /// hot, and whether the next wait is to include it, if it is one of the interests.
    /// Returns whether that armed it.
    #[inline]
    pub(crate) fn after_io(
        &mut self,
        key: Key,
        direction: Direction,
        moved: bool,
        arms: bool,
        order_hot: u32,
    ) -> bool {
        let poll = self.poll;
        let Some(entry) = registered(&mut self.entries, key) else {
            return false;
        };
        let wanted = entry.interest.wants(direction);
        let slot = &mut entry.slots[direction as usize];
        let armed = arms && wanted && !slot.armed;
        slot.armed |= armed;
        let warms = moved && slot.moved(poll, order_hot);
        let id = key.slot(direction);
        if slot.position <= order_hot && entry.waits == Waits::Yes && self.dirty == id {
            // The usual course: it is armed again before anything else has changed, and its record
            // stands where it should.
            if armed {
                self.dirty = slot.take_clean();
            }
        } else if warms || armed {
            slot.mark_dirty(id, &mut self.dirty);
        }
        armed
    }

    /// A direction that is armed; `None` if it is not, or if `key` is stale.
    pub(crate) fn armed(&mut self, key: Key, direction: Direction) -> Option<Armed<'_, S>> {
        let poll = self.poll;
        let entry = registered(&mut self.entries, key)?;
        entry.slots[direction as usize].armed.then_some(Armed {
            entry,
            dirty: &mut self.dirty,
            key,
            direction,
            poll,
        })
    }

    /// Leaves a direction out of the next wait.
    #[inline(never)]
    pub(crate) fn disarm(&mut self, key: Key, direction: Direction) {
        if let Some(entry) = self.entry_mut(key)
            && entry.slots[direction as usize].armed
        {
            entry.slots[direction as usize].armed = false;
            self.mark_dirty(key.slot(direction));
        }
    }

    pub(crate) fn is_armed(&self, key: Key, direction: Direction) -> bool {
        self.entry(key)
            .is_some_and(|entry| entry.slots[direction as usize].armed)
    }

    /// Notes that a direction moved bytes: it becomes hot.
    pub(crate) fn touch(&mut self, key: Key, direction: Direction, order_hot: u32) {
        self.after_io(key, direction, true, false, order_hot);
    }

    /// Leaves a whole source out of the next wait.
    #[cold]
    pub(crate) fn disarm_both(&mut self, key: Key) {
        for direction in Direction::BOTH {
            self.disarm(key, direction);
        }
    }

    /// What a place in the array waits for; `None` for the clock, and for a
    /// registration that is gone.
    pub(crate) fn subscription(&self, slot: SlotId) -> Option<(S, Key, Direction)> {
        if slot == SlotId::CLOCK {
            return None;
        }
        let (key, source) = self.at(slot.index())?;
        Some((source, key, slot.direction()))
    }

    /// The registration at an index, and what it is made of.
    pub(crate) fn at(&self, index: u32) -> Option<(Key, S)> {
        let entry = self.entries.get(index as usize)?;
        let generation = entry.generation;
        (entry.life == Life::Registered).then_some((Key { index, generation }, entry.source))
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

    /// Begins a poll that changes nothing in `order`. `false` if it is for
    /// [`reconcile`](Self::reconcile) to begin.
    #[inline]
    pub(crate) fn is_reconciled<R: Placed>(&mut self, order: &Order<R>) -> bool {
        let poll = self.poll.wrapping_add(1);
        let changes = self.dirty != SlotId::CLOCK || order.may_cool(poll);
        if !changes {
            self.poll = poll;
        }
        !changes
    }

    /// Begins a poll: brings `order` up to date with all that was armed, disarmed,
    /// registered and deregistered since the last one, and cools what moved no
    /// bytes for long. `record` makes the host's record of a direction.
    pub(crate) fn reconcile<R: Placed>(
        &mut self,
        order: &mut Order<R>,
        mut record: impl FnMut(S, Key, Direction) -> R,
    ) {
        self.poll = self.poll.wrapping_add(1);
        let poll = self.poll;
        // The clock, which stands for the end of the list, has no entry.
        while let Some(entry) = self.entries.get_mut(self.dirty.index() as usize) {
            let id = self.dirty;
            let usual = entry.life == Life::Registered && entry.waits == Waits::Yes;
            let slot = &mut entry.slots[id.direction() as usize];
            self.dirty = slot.take_clean();
            let placed = slot.position != ABSENT;
            if !usual {
                self.settle(id, order);
            } else if slot.armed && !placed {
                let hot = slot.is_hot(poll);
                let (index, generation) = (id.index(), entry.generation);
                let record = record(entry.source, Key { index, generation }, id.direction());
                order.insert(self, id, record, hot);
            } else if slot.armed {
                if slot.position as usize > order.hot() && slot.is_hot(poll) {
                    order.promote(self, id);
                }
            } else if placed {
                order.remove(self, id);
            }
        }
        order.cool_stale(self);
    }

    /// Brings the array up to date for a slot that is to leave it, or that the host is not
    /// asked about.
    #[cold]
    fn settle<R: Placed>(&mut self, id: SlotId, order: &mut Order<R>) {
        let slot = self.slot(id);
        if slot.position != ABSENT {
            order.remove(self, id);
        }
        if slot.armed
            && let Some(list) = self.list
        {
            list(self, id);
        }
        self.release_if_left(id.index());
    }

    /// Counts polls; wraps.
    pub(super) const fn polls(&self) -> u32 {
        self.poll
    }

    pub(super) fn is_stale(&self, id: SlotId) -> bool {
        !self.slot(id).is_hot(self.poll)
    }

    pub(super) fn set_position(&mut self, id: SlotId, position: u32) {
        // The clock has no entry.
        if let Some(slot) = self.slot_mut(id) {
            slot.position = position;
        }
    }

    pub(super) fn position(&self, id: SlotId) -> u32 {
        self.slot(id).position
    }

    #[inline(never)]
    fn arm_interest(&mut self, key: Key, interest: Interest) {
        let poll = self.poll;
        for (direction, wanted) in [
            (Direction::Read, interest.is_readable()),
            (Direction::Write, interest.is_writable()),
        ] {
            let Some(slot) = self.slot_mut(key.slot(direction)) else {
                return;
            };
            slot.stamp = poll;
            if slot.armed != wanted {
                slot.armed = wanted;
                self.mark_dirty(key.slot(direction));
            }
        }
    }

    #[inline(never)]
    fn mark_dirty(&mut self, id: SlotId) {
        if let Some(entry) = self.entries.get_mut(id.index() as usize) {
            entry.slots[id.direction() as usize].mark_dirty(id, &mut self.dirty);
        }
    }

    /// Frees the index of a registration that left, once nothing refers to it.
    fn release_if_left(&mut self, index: u32) {
        let next = self.free;
        let referred = |slot: &Slot| slot.dirty || slot.position != ABSENT;
        if let Some(entry) = self.entries.get_mut(index as usize)
            && entry.life == Life::Leaving
            && !entry.slots.iter().any(referred)
        {
            entry.life = Life::Free;
            entry.hint = next;
            self.free = index;
        }
    }

    fn entry(&self, key: Key) -> Option<&Entry<S>> {
        self.entries
            .get(key.index as usize)
            .filter(|entry| entry.is(key))
    }

    fn entry_mut(&mut self, key: Key) -> Option<&mut Entry<S>> {
        registered(&mut self.entries, key)
    }

    #[inline(never)]
    fn slot(&self, id: SlotId) -> Slot {
        let entry = self.entries.get(id.index() as usize);
        entry.map_or(Slot::IDLE, |entry| entry.slots[id.direction() as usize])
    }

    fn slot_mut(&mut self, id: SlotId) -> Option<&mut Slot> {
        let entry = self.entries.get_mut(id.index() as usize)?;
        Some(&mut entry.slots[id.direction() as usize])
    }
}

#[cfg(test)]
mod tests;

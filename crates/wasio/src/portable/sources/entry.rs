//! What the table keeps of a registration, and of each of its directions.

use std::ops::RangeInclusive;

use super::ABSENT;
use crate::portable::key::{Direction, Key, SlotId};
use crate::{Interest, Mode, Token};

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
    pub(super) stamp: u32,
    /// It is hot for so many polls more, as a power of two.
    pub(super) lease: u8,
    /// Whether the next wait should include it.
    pub(super) armed: bool,
    /// Whether it stands in the list of what changed, and what comes after it there.
    pub(super) dirty: bool,
    next: SlotId,
    /// Whether it stands in the list of what is always ready.
    pub(super) listed: bool,
}

impl Slot {
    pub(super) const IDLE: Self = Self {
        position: ABSENT,
        stamp: 0,
        lease: *LEASES.start(),
        armed: false,
        dirty: false,
        next: SlotId::CLOCK,
        listed: false,
    };

    /// Whether it belongs in the hot prefix.
    pub(super) const fn is_hot(&self, poll: u32) -> bool {
        poll.wrapping_sub(self.stamp) <= 1 << self.lease
    }

    /// Notes that it moved bytes. Returns whether its record is to become hot for that.
    #[inline(never)]
    pub(super) fn moved(&mut self, poll: u32, order_hot: u32) -> bool {
        let polls = poll.wrapping_sub(self.stamp);
        // The usual case, a short lease and bytes in each poll, changes nothing.
        if polls > 8 || (polls > 0 && self.lease > *LEASES.start()) {
            self.lease = renewed(self.lease, polls);
        }
        self.stamp = poll;
        self.position != ABSENT && self.position > order_hot
    }

    /// Enters it into the list that begins with `dirty`.
    pub(super) fn mark_dirty(&mut self, id: SlotId, dirty: &mut SlotId) {
        if !self.dirty {
            self.dirty = true;
            self.next = std::mem::replace(dirty, id);
        }
    }

    /// Takes it out of the list that it is the first of. Returns what comes first now.
    pub(super) fn take_clean(&mut self) -> SlotId {
        self.dirty = false;
        self.next
    }
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Life {
    Free,
    Registered,
    /// Deregistered, but a record of it may still stand in the array.
    Leaving,
}

/// Whether the host is asked about a source.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    Yes,
    /// It never blocks: ready whenever it is armed.
    NoNeed,
    /// The host refuses to wait for it: called ready whenever it is armed.
    Refused,
}

impl Waits {
    pub(super) const fn from_always_ready(always_ready: bool) -> Self {
        if always_ready {
            Self::NoNeed
        } else {
            Self::Yes
        }
    }
}

#[derive(Clone, Debug)]
pub(super) struct Entry<S> {
    pub(super) generation: u32,
    pub(super) token: Token,
    pub(super) source: S,
    pub(super) interest: Interest,
    pub(super) mode: Mode,
    pub(super) life: Life,
    pub(super) waits: Waits,
    /// Where the source's event of this poll may be; the next free index when free.
    pub(super) hint: u32,
    pub(super) slots: [Slot; 2],
}

impl<S> Entry<S> {
    /// Whether it is the registration of that key: a key's generation ends with its
    /// registration, and the next one begins with the next registration.
    pub(super) const fn is(&self, key: Key) -> bool {
        self.generation == key.generation
    }
}

/// The entry of a registration, borrowed from the entries alone.
pub(super) fn registered<S>(entries: &mut [Entry<S>], key: Key) -> Option<&mut Entry<S>> {
    entries
        .get_mut(key.index as usize)
        .filter(|entry| entry.is(key))
}

/// A direction that is armed: all that an event of it reads and changes, found once.
#[derive(Debug)]
pub(crate) struct Armed<'a, S> {
    pub(super) entry: &'a mut Entry<S>,
    pub(super) dirty: &'a mut SlotId,
    pub(super) key: Key,
    pub(super) direction: Direction,
    pub(super) poll: u32,
}

impl<S: Copy> Armed<'_, S> {
    pub(crate) const fn token(&self) -> Token {
        self.entry.token
    }

    pub(crate) const fn source(&self) -> S {
        self.entry.source
    }

    pub(crate) const fn mode(&self) -> Mode {
        self.entry.mode
    }

    /// As in [`Registered`].
    pub(crate) fn always_ready(&self) -> bool {
        self.entry.waits != Waits::Yes
    }

    /// As in [`Registered`].
    pub(crate) fn refused(&self) -> bool {
        self.entry.waits == Waits::Refused
    }

    /// The place of the source's event in this poll's list, as far as is known.
    pub(crate) const fn hint(&self) -> u32 {
        self.entry.hint
    }

    pub(crate) const fn set_hint(&mut self, hint: u32) {
        self.entry.hint = hint;
    }

    /// Leaves it out of the next wait.
    pub(crate) fn disarm(&mut self) {
        let slot = &mut self.entry.slots[self.direction as usize];
        slot.armed = false;
        slot.mark_dirty(self.key.slot(self.direction), self.dirty);
    }

    /// Notes that it moved bytes, as [`Sources::touch`].
    pub(crate) fn touch(&mut self, order_hot: u32) {
        let slot = &mut self.entry.slots[self.direction as usize];
        if slot.moved(self.poll, order_hot) {
            slot.mark_dirty(self.key.slot(self.direction), self.dirty);
        }
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

//! Who is registered: a slab with generations, and the way back from a descriptor.

use std::collections::HashMap;

use crate::event::Readiness;
use crate::portable::{Direction, Key};
use crate::{Interest, Mode, RawDescriptor, Token};

/// Low bits of a label: the index. The rest is the generation; on 32 bits a
/// million sources and 4095 uses of an index.
const INDEX_BITS: u32 = if usize::BITS >= 64 { 32 } else { 20 };
const INDEX_MASK: usize = (1 << INDEX_BITS) - 1;
const GENERATION_MASK: usize = usize::MAX >> INDEX_BITS;
/// No slot. Never an index, so that no label is `usize::MAX`, which polling keeps for itself.
#[allow(clippy::cast_possible_truncation, reason = "at most 32 bits")]
const ABSENT: u32 = INDEX_MASK as u32;

/// A registration.
#[derive(Copy, Clone, Debug)]
pub(super) struct Entry {
    pub(super) source: RawDescriptor,
    pub(super) token: Token,
    pub(super) interest: Interest,
    pub(super) mode: Mode,
    /// The directions an event of which may be delivered. Kept up to date only where the
    /// operating system does not do it itself.
    pub(super) armed: Directions,
    /// The operating system cannot wait for it.
    pub(super) always_ready: bool,
    /// It stands in the list of what is always ready.
    pub(super) listed: bool,
    /// Where the source's event of this poll may be.
    pub(super) hint: u32,
    /// The last poll that delivered an event of it.
    pub(super) poll: u64,
}

impl Entry {
    pub(super) fn new(source: RawDescriptor, token: Token, interest: Interest, mode: Mode) -> Self {
        Self {
            source,
            token,
            interest,
            mode,
            armed: Directions::of(interest),
            always_ready: false,
            listed: false,
            hint: 0,
            poll: 0,
        }
    }
}

/// A set of directions; priority counts as one.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Directions(u8);

impl Directions {
    pub(super) const NONE: Self = Self(0);
    const PRIORITY: Self = Self(4);

    pub(super) const fn one(direction: Direction) -> Self {
        Self(1 << direction as u8)
    }

    pub(super) const fn of(interest: Interest) -> Self {
        Self(
            interest.is_readable() as u8
                | (interest.is_writable() as u8) << 1
                | (interest.is_priority() as u8) << 2,
        )
    }

    /// Those that `readiness` is an event of.
    pub(super) const fn reported(readiness: Readiness) -> Self {
        Self(
            readiness.contains(Readiness::READABLE) as u8
                | (readiness.contains(Readiness::WRITABLE) as u8) << 1
                | (readiness.contains(Readiness::PRIORITY) as u8) << 2,
        )
    }

    pub(super) const fn readable(self) -> bool {
        self.contains(Self::one(Direction::Read))
    }

    pub(super) const fn writable(self) -> bool {
        self.contains(Self::one(Direction::Write))
    }

    pub(super) const fn priority(self) -> bool {
        self.contains(Self::PRIORITY)
    }

    pub(super) const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    #[must_use]
    pub(super) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[must_use]
    pub(super) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

/// What polling is given to name a registration.
pub(super) const fn to_label(key: Key) -> usize {
    (key.generation as usize) << INDEX_BITS | key.index as usize
}

/// The registration a label named, gone or not.
#[allow(clippy::cast_possible_truncation, reason = "each half is masked")]
pub(super) const fn from_label(label: usize) -> Key {
    Key {
        index: (label & INDEX_MASK) as u32,
        generation: (label >> INDEX_BITS) as u32,
    }
}

#[derive(Debug)]
struct Slot {
    generation: u32,
    /// The next free slot, when this one is free.
    next_free: u32,
    entry: Option<Entry>,
}

/// The registration table. All but [`iter`](Self::iter) is O(1).
#[derive(Debug)]
pub(super) struct Table {
    slots: Vec<Slot>,
    free: u32,
    by_descriptor: HashMap<RawDescriptor, Key>,
}

impl Table {
    pub(super) fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: ABSENT,
            by_descriptor: HashMap::new(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.by_descriptor.len()
    }

    /// Adds a registration of a descriptor that has none. `None` if the table is full.
    pub(super) fn insert(&mut self, entry: Entry) -> Option<Key> {
        let key = self.allocate()?;
        self.by_descriptor.insert(entry.source, key);
        self.slots[key.index as usize].entry = Some(entry);
        Some(key)
    }

    fn allocate(&mut self) -> Option<Key> {
        if self.free == ABSENT {
            let index = u32::try_from(self.slots.len()).ok();
            let index = index.filter(|index| *index != ABSENT)?;
            self.slots.push(Slot {
                generation: 1,
                next_free: ABSENT,
                entry: None,
            });
            let generation = 1;
            return Some(Key { index, generation });
        }
        let index = self.free;
        let slot = &self.slots[index as usize];
        self.free = slot.next_free;
        let generation = slot.generation;
        Some(Key { index, generation })
    }

    /// Removes a registration: from here on `key` is stale.
    pub(super) fn remove(&mut self, key: Key) -> Option<Entry> {
        let free = self.free;
        let slot = self.slot_mut(key)?;
        let entry = slot.entry.take()?;
        slot.generation = next_generation(slot.generation);
        slot.next_free = free;
        self.free = key.index;
        self.by_descriptor.remove(&entry.source);
        Some(entry)
    }

    pub(super) fn find(&self, source: RawDescriptor) -> Option<Key> {
        self.by_descriptor.get(&source).copied()
    }

    pub(super) fn get(&self, key: Key) -> Option<&Entry> {
        self.slots
            .get(key.index as usize)
            .filter(|slot| slot.generation == key.generation)
            .and_then(|slot| slot.entry.as_ref())
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut Entry> {
        self.slot_mut(key).and_then(|slot| slot.entry.as_mut())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.slots.iter().filter_map(|slot| slot.entry.as_ref())
    }

    fn slot_mut(&mut self, key: Key) -> Option<&mut Slot> {
        self.slots
            .get_mut(key.index as usize)
            .filter(|slot| slot.generation == key.generation)
    }
}

/// Wraps within the bits of a label; zero is no generation.
fn next_generation(generation: u32) -> u32 {
    let next = (generation as usize + 1) & GENERATION_MASK;
    u32::try_from(next).unwrap_or(0).max(1)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    fn entry(source: RawDescriptor) -> Entry {
        Entry::new(source, Token(0), Interest::READABLE, Mode::Level)
    }

    #[test]
    fn a_label_gives_the_key_back_and_is_never_the_one_polling_keeps() {
        for index in [0, 1, ABSENT - 1] {
            for generation in [1, u32::try_from(GENERATION_MASK).unwrap()] {
                let key = Key { index, generation };
                assert_eq!(from_label(to_label(key)), key);
                assert_ne!(to_label(key), usize::MAX);
            }
        }
    }

    #[test]
    fn an_index_used_again_has_another_key() {
        let mut table = Table::new();
        let first = table.insert(entry(7)).unwrap();
        assert!(table.remove(first).is_some());
        let second = table.insert(entry(7)).unwrap();
        assert_eq!(first.index, second.index);
        assert_ne!(first, second);
        assert!(table.get(first).is_none() && table.remove(first).is_none());
        assert_eq!(table.find(7), Some(second));
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn generations_wrap_to_one() {
        let last = u32::try_from(GENERATION_MASK).unwrap();
        assert_eq!(next_generation(last), 1);
        assert_eq!(next_generation(1), 2);
    }
}

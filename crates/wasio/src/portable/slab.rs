//! A list of things that are known by generational keys. An index is used again once its thing is
//! gone; the generation tells one use from the next, so a key that outlived its thing matches nothing.

use super::Key;

/// In `Entry::state`: the end of the list of free entries.
const END: u32 = u32::MAX;
/// In `Entry::state`: the entry is in use.
const OCCUPIED: u32 = u32::MAX - 1;
/// In `Entry::state`: its key is stale, but the entry may not be used again yet.
const RETIRED: u32 = u32::MAX - 2;

#[cfg(test)]
thread_local! {
    static TOUCHES: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Counts an entry that is read or written, for the tests that compare costs.
#[inline]
fn touched() {
    #[cfg(test)]
    TOUCHES.set(TOUCHES.get() + 1);
}

/// The entries of all lists that this thread has read or written so far.
#[cfg(test)]
pub(crate) fn touches() -> u64 {
    TOUCHES.get()
}

/// The list. Every operation but [`iter`](Self::iter) is O(1).
#[derive(Clone, Debug)]
pub(crate) struct Slab<T> {
    entries: Vec<Entry<T>>,
    /// The first free entry.
    free: u32,
    len: usize,
}

#[derive(Clone, Debug)]
struct Entry<T> {
    /// Never zero.
    generation: u32,
    /// [`OCCUPIED`], [`RETIRED`], or the next free entry.
    state: u32,
    value: T,
}

impl<T> Slab<T> {
    /// The most entries: an index and one bit more fit into 32 bits.
    pub(crate) const MAX_LEN: u32 = 1 << 31;

    pub(crate) const fn new() -> Self {
        Self {
            entries: Vec::new(),
            free: END,
            len: 0,
        }
    }

    /// The number of keys that are valid.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// Adds `value`. `None` when all [`MAX_LEN`](Self::MAX_LEN) entries are in use.
    pub(crate) fn insert(&mut self, value: T) -> Option<Key> {
        let index = self.free;
        if let Some(entry) = self.entries.get_mut(index as usize) {
            self.free = entry.state;
            entry.state = OCCUPIED;
            entry.value = value;
            self.len += 1;
            let generation = entry.generation;
            return Some(Key { index, generation });
        }
        let index = u32::try_from(self.entries.len()).ok();
        let index = index.filter(|index| *index < Self::MAX_LEN - 1)?;
        self.entries.push(Entry {
            generation: 1,
            state: OCCUPIED,
            value,
        });
        self.len += 1;
        let generation = 1;
        Some(Key { index, generation })
    }

    pub(crate) fn get(&self, key: Key) -> Option<&T> {
        touched();
        let entry = self.entries.get(key.index as usize)?;
        (entry.generation == key.generation).then_some(&entry.value)
    }

    pub(crate) fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        touched();
        let entry = self.entries.get_mut(key.index as usize)?;
        (entry.generation == key.generation).then_some(&mut entry.value)
    }

    /// What the valid key with this index is.
    pub(crate) fn key_at(&self, index: u32) -> Option<Key> {
        let entry = self.entries.get(index as usize)?;
        let generation = entry.generation;
        (entry.state == OCCUPIED).then_some(Key { index, generation })
    }

    /// Makes `key` stale and keeps its entry until [`release`](Self::release): what still refers to
    /// the index does not meet another thing there. `false` if it was stale.
    pub(crate) fn retire(&mut self, key: Key) -> bool {
        let Some(entry) = self.entries.get_mut(key.index as usize) else {
            return false;
        };
        if entry.generation != key.generation || entry.state != OCCUPIED {
            return false;
        }
        entry.state = RETIRED;
        // Never zero: a host's label would be zero, which some hosts use themselves.
        entry.generation = entry.generation.checked_add(1).unwrap_or(1);
        self.len -= 1;
        true
    }

    /// Lets the index of a retired entry be used again.
    pub(crate) fn release(&mut self, index: u32) {
        if let Some(entry) = self.entries.get_mut(index as usize)
            && entry.state == RETIRED
        {
            entry.state = self.free;
            self.free = index;
        }
    }

    /// Removes a thing. `false` if `key` is stale.
    pub(crate) fn remove(&mut self, key: Key) -> bool {
        let removed = self.retire(key);
        if removed {
            self.release(key.index);
        }
        removed
    }

    /// The thing at an index, retired ones included, and its key unless it is retired.
    pub(crate) fn at_mut(&mut self, index: u32) -> Option<(Option<Key>, &mut T)> {
        touched();
        let entry = self.entries.get_mut(index as usize)?;
        let generation = entry.generation;
        let key = (entry.state == OCCUPIED).then_some(Key { index, generation });
        Some((key, &mut entry.value))
    }

    /// Everything whose key is valid, by index.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        (0..).zip(&self.entries).filter_map(|(index, entry)| {
            touched();
            let generation = entry.generation;
            (entry.state == OCCUPIED).then_some((Key { index, generation }, &entry.value))
        })
    }
}

#[cfg(all(test, not(target_os = "wasi")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_index_is_used_again_under_another_generation() {
        let mut slab = Slab::new();
        let first = slab.insert('a').unwrap();
        assert!(slab.remove(first) && !slab.remove(first));
        let second = slab.insert('b').unwrap();
        assert_eq!(first.index, second.index);
        assert_ne!(first, second);
        assert_eq!((slab.get(first), slab.get(second)), (None, Some(&'b')));
    }

    #[test]
    fn a_retired_index_is_not_used_again_until_it_is_released() {
        let mut slab = Slab::new();
        let first = slab.insert('a').unwrap();
        assert!(slab.retire(first));
        assert_eq!((slab.get(first), slab.len()), (None, 0));
        assert_ne!(slab.insert('b').unwrap().index, first.index);
        slab.release(first.index);
        assert_eq!(slab.insert('c').unwrap().index, first.index);
    }

    #[test]
    fn generations_wrap_past_zero() {
        let mut slab = Slab::new();
        let key = slab.insert(()).unwrap();
        slab.entries[0].generation = u32::MAX;
        let last = Key {
            generation: u32::MAX,
            ..key
        };
        assert!(slab.remove(last));
        assert_eq!(slab.insert(()).unwrap().generation, 1);
    }

    proptest! {
        #[test]
        fn a_slab_is_a_map(ops in proptest::collection::vec((0..4_u8, 0..12_usize), 1..300)) {
            let mut slab = Slab::new();
            let mut known: Vec<(Key, usize)> = Vec::new();
            let mut stale = Vec::new();
            for (serial, (op, which)) in ops.into_iter().enumerate() {
                if op > 1 || known.is_empty() {
                    known.push((slab.insert(serial).unwrap(), serial));
                } else {
                    let (key, _) = known.remove(which % known.len());
                    prop_assert!(slab.remove(key));
                    stale.push(key);
                }
                prop_assert_eq!(slab.len(), known.len());
                prop_assert_eq!(slab.iter().count(), known.len());
                for (key, value) in &known {
                    prop_assert_eq!(slab.get(*key), Some(value));
                    prop_assert_eq!(slab.key_at(key.index), Some(*key));
                }
                prop_assert!(stale.iter().all(|key| slab.get(*key).is_none()));
            }
        }
    }
}

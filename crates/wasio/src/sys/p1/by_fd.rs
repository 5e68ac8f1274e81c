//! Which registration a descriptor has.

use crate::portable::{Key, Sources};

/// Nobody's place.
const EMPTY: u32 = u32::MAX;

/// A hash table of the indices of registrations, by the descriptors that these hold: four bytes a
/// place. Hosts number descriptors densely or at random, and a guest cannot be attacked through
/// numbers that its own host chose.
pub(super) struct ByFd {
    /// A power of two of them, or none; a quarter is empty at least.
    places: Vec<u32>,
    len: usize,
}

impl ByFd {
    pub(super) const fn new() -> Self {
        Self {
            places: Vec::new(),
            len: 0,
        }
    }

    /// The registration of a descriptor.
    pub(super) fn find(&self, fd: u32, sources: &Sources<u32>) -> Option<Key> {
        let place = self.place_of(fd, sources)?;
        let index = *self.places.get(place)?;
        sources.at(index).map(|(key, _)| key)
    }

    /// Enters a registration, whose descriptor has none.
    pub(super) fn insert(&mut self, key: Key, sources: &Sources<u32>) {
        if (self.len + 1) * 4 > self.places.len() * 3 {
            let room = (self.places.len() * 2).max(8);
            let old = std::mem::replace(&mut self.places, vec![EMPTY; room]);
            for index in old {
                self.put(index, sources);
            }
        }
        self.put(key.index, sources);
        self.len += 1;
    }

    /// Takes a descriptor out, before it leaves `sources`.
    pub(super) fn remove(&mut self, fd: u32, sources: &Sources<u32>) {
        let Some(mut hole) = self.place_of(fd, sources) else {
            return;
        };
        self.len -= 1;
        let mask = self.places.len() - 1;
        let mut next = hole;
        // What stands behind the hole moves into it, unless it would be in front of its home.
        loop {
            next = (next + 1) & mask;
            let Some((_, moved)) = sources.at(self.places[next]) else {
                break;
            };
            let from_home = next.wrapping_sub(self.home(moved)) & mask;
            if from_home >= next.wrapping_sub(hole) & mask {
                self.places[hole] = self.places[next];
                hole = next;
            }
        }
        self.places[hole] = EMPTY;
    }

    #[inline(never)]
    fn put(&mut self, index: u32, sources: &Sources<u32>) {
        let Some((_, fd)) = sources.at(index) else {
            return;
        };
        let mask = self.places.len() - 1;
        let mut place = self.home(fd);
        while self.places[place] != EMPTY {
            place = (place + 1) & mask;
        }
        self.places[place] = index;
    }

    fn place_of(&self, fd: u32, sources: &Sources<u32>) -> Option<usize> {
        let mask = self.places.len().checked_sub(1)?;
        let mut place = self.home(fd);
        // Ends at an empty place.
        loop {
            let (_, found) = sources.at(*self.places.get(place)?)?;
            if found == fd {
                return Some(place);
            }
            place = (place + 1) & mask;
        }
    }

    /// Fibonacci hashing: the high bits of the product. There is a place at least.
    const fn home(&self, fd: u32) -> usize {
        let bits = self.places.len().trailing_zeros();
        let mixed = (fd.wrapping_mul(0x9e37_79b9) as u64) << bits;
        (mixed >> 32) as usize
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::{Interest, Mode, Token};

    proptest! {
        /// Beside a map, with few descriptors, so that many collide and are taken out again.
        #[test]
        fn a_descriptor_is_found_until_it_is_removed(
            stride in prop_oneof![Just(1_u32), Just(1 << 7), Just(0x9e37_79b1)],
            ops in proptest::collection::vec((0..48_u32, any::<bool>()), 1..400),
        ) {
            let (mut sources, mut by_fd) = (Sources::new(), ByFd::new());
            let mut known = BTreeMap::new();
            for (number, enter) in ops {
                let fd = number.wrapping_mul(stride);
                match known.remove(&fd) {
                    None if enter => {
                        let read = Interest::READABLE;
                        let key = sources.register(fd, Token(0), read, Mode::Edge, false).unwrap();
                        by_fd.insert(key, &sources);
                        known.insert(fd, key);
                    }
                    None => by_fd.remove(fd, &sources),
                    Some(key) => {
                        by_fd.remove(fd, &sources);
                        sources.deregister(key);
                    }
                }
                for number in 0..48_u32 {
                    let fd = number.wrapping_mul(stride);
                    prop_assert_eq!(by_fd.find(fd, &sources), known.get(&fd).copied());
                }
            }
        }
    }
}

//! Which registration a descriptor has.

use super::Key;
use crate::RawDescriptor;

/// A hash table from descriptors to registrations, by open addressing: on WASI it is a tenth of the
/// code of the standard library's. Hosts number descriptors densely or at random, and a peer does not
/// choose the numbers, so one multiplication will do as a hash.
#[derive(Clone, Debug, Default)]
pub(crate) struct FdIndex {
    /// A power of two of them, or none. A quarter at least is empty.
    places: Vec<Option<(RawDescriptor, Key)>>,
    len: usize,
}

impl FdIndex {
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    /// All registrations, in no order that means anything.
    pub(crate) fn keys(&self) -> impl Iterator<Item = Key> {
        self.places.iter().flatten().map(|(_, key)| *key)
    }

    pub(crate) fn get(&self, fd: RawDescriptor) -> Option<Key> {
        let place = self.find(fd)?;
        self.places[place].map(|(_, key)| key)
    }

    /// Enters a descriptor that is not there.
    pub(crate) fn insert(&mut self, fd: RawDescriptor, key: Key) {
        if (self.len + 1) * 4 > self.places.len() * 3 {
            let room = (self.places.len() * 2).max(8);
            let old = std::mem::replace(&mut self.places, vec![None; room]);
            for (fd, key) in old.into_iter().flatten() {
                self.put(fd, key);
            }
        }
        self.put(fd, key);
        self.len += 1;
    }

    pub(crate) fn remove(&mut self, fd: RawDescriptor) {
        let Some(mut hole) = self.find(fd) else {
            return;
        };
        self.len -= 1;
        let mask = self.places.len() - 1;
        let mut next = hole;
        // What is behind the hole moves into it, unless it would then be in front of its home.
        loop {
            next = (next + 1) & mask;
            let Some((moved, _)) = self.places[next] else {
                break;
            };
            let from_home = next.wrapping_sub(self.home(moved)) & mask;
            if from_home >= next.wrapping_sub(hole) & mask {
                self.places[hole] = self.places[next];
                hole = next;
            }
        }
        self.places[hole] = None;
    }

    fn put(&mut self, fd: RawDescriptor, key: Key) {
        let mask = self.places.len() - 1;
        let mut place = self.home(fd);
        while self.places[place].is_some() {
            place = (place + 1) & mask;
        }
        self.places[place] = Some((fd, key));
    }

    fn find(&self, fd: RawDescriptor) -> Option<usize> {
        let mask = self.places.len().checked_sub(1)?;
        let mut place = self.home(fd);
        // Ends at an empty place.
        loop {
            match self.places[place] {
                Some((found, _)) if found == fd => return Some(place),
                Some(_) => place = (place + 1) & mask,
                None => return None,
            }
        }
    }

    /// Fibonacci hashing: the high bits of the product. There is a place at least.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::unnecessary_cast,
        reason = "any bits of a descriptor will do"
    )]
    const fn home(&self, fd: RawDescriptor) -> usize {
        let bits = self.places.len().trailing_zeros();
        let mixed = ((fd as u32).wrapping_mul(0x9e37_79b9) as u64) << bits;
        (mixed >> 32) as usize
    }
}

#[cfg(all(test, not(target_os = "wasi")))]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Beside a map, with few descriptors, so that many collide and are taken out again.
        #[test]
        fn a_descriptor_is_found_until_it_is_removed(
            stride in prop_oneof![Just(1), Just(1 << 7), Just(0x1e37_79b1)],
            ops in proptest::collection::vec((0..48_u32, any::<bool>()), 1..400),
        ) {
            let fd = |number: u32| RawDescriptor::try_from(number.wrapping_mul(stride) >> 1).unwrap();
            let (mut index, mut known) = (FdIndex::default(), BTreeMap::new());
            for (serial, (number, enter)) in (0..).zip(ops) {
                let key = Key { index: serial, generation: 1 };
                if known.remove(&fd(number)).is_some() || !enter {
                    index.remove(fd(number));
                } else {
                    index.insert(fd(number), key);
                    known.insert(fd(number), key);
                }
                prop_assert_eq!(index.len(), known.len());
                prop_assert_eq!(index.keys().count(), known.len());
                for number in 0..48 {
                    prop_assert_eq!(index.get(fd(number)), known.get(&fd(number)).copied());
                }
            }
        }
    }
}

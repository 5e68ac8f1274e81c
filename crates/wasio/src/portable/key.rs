/// Identifies a registration: an index, which is reused, and a generation, which differs for each
/// use. A key that outlives its registration matches nothing.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) index: u32,
    /// Never zero for a registration.
    pub(crate) generation: u32,
}

impl Key {
    /// The key of events that belong to no registration, such as those of timers and the waker.
    pub(crate) const NONE: Self = Self {
        index: u32::MAX,
        generation: 0,
    };

    pub(crate) const fn slot(self, direction: Direction) -> SlotId {
        SlotId(self.index << 1 | direction as u32)
    }

    /// The label that the host is given for one direction. Never zero.
    pub(crate) const fn to_userdata(self, direction: Direction) -> u64 {
        (self.generation as u64) << 32 | self.slot(direction).0 as u64
    }

    /// The key and direction that a label from the host stands for. Every value is accepted: a
    /// label that was never given out yields a key that matches no registration.
    #[allow(clippy::cast_possible_truncation, reason = "the two halves of a u64")]
    pub(crate) const fn from_userdata(userdata: u64) -> (Self, Direction) {
        let slot = SlotId(userdata as u32);
        let key = Self {
            index: slot.index(),
            generation: (userdata >> 32) as u32,
        };
        (key, slot.direction())
    }
}

/// What a descriptor is waited for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read = 0,
    Write = 1,
}

impl Direction {
    pub(crate) const BOTH: [Self; 2] = [Self::Read, Self::Write];
}

/// One direction of whichever registration has this index at the moment.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct SlotId(u32);

impl SlotId {
    /// The slot of the clock record in the host's array.
    pub(crate) const CLOCK: Self = Self(u32::MAX);

    pub(crate) const fn index(self) -> u32 {
        self.0 >> 1
    }

    /// A place in a list of all slots.
    pub(crate) const fn to_usize(self) -> usize {
        self.0 as usize
    }

    /// The other direction of the same registration.
    pub(crate) const fn sibling(self) -> Self {
        Self(self.0 ^ 1)
    }

    pub(crate) const fn direction(self) -> Direction {
        if self.0 & 1 == 0 {
            Direction::Read
        } else {
            Direction::Write
        }
    }
}

#[cfg(all(test, not(target_os = "wasi")))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn userdata_gives_the_key_back(index in 0u32..1 << 31, generation in 1u32.., write: bool) {
            let key = Key { index, generation };
            let direction = if write { Direction::Write } else { Direction::Read };
            let userdata = key.to_userdata(direction);
            prop_assert_ne!(userdata, 0);
            prop_assert_eq!(Key::from_userdata(userdata), (key, direction));
        }

        #[test]
        fn any_userdata_is_safe(userdata: u64) {
            let (key, direction) = Key::from_userdata(userdata);
            prop_assert_eq!(key.to_userdata(direction), userdata);
        }
    }
}

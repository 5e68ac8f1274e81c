/// The name of a registration: an index that is used again, and the generation
/// that tells one use from the next. A key that outlived its registration matches nothing.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) index: u32,
    /// Never zero for a registration.
    pub(crate) generation: u32,
}

impl Key {
    /// No registration: what events that come from no descriptor carry.
    pub(crate) const NONE: Self = Self {
        index: u32::MAX,
        generation: 0,
    };

    pub(crate) const fn slot(self, direction: Direction) -> SlotId {
        SlotId(self.index << 1 | direction as u32)
    }

    /// The label the host gets for one direction. Never zero.
    pub(crate) const fn to_userdata(self, direction: Direction) -> u64 {
        (self.generation as u64) << 32 | self.slot(direction).0 as u64
    }

    /// What a host's label stands for. Total: a label we never gave makes a key
    /// that matches no registration.
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

/// One of the two things a descriptor is waited for.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    Read = 0,
    Write = 1,
}

impl Direction {
    pub(crate) const BOTH: [Self; 2] = [Self::Read, Self::Write];
}

/// One direction of the registration at an index, whichever registration that is now.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct SlotId(u32);

impl SlotId {
    /// The owner of the clock record in the host's array.
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

#[cfg(test)]
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

//! Sets of directions.

use std::fmt;

use super::Direction;
use crate::Interest;
use crate::event::Readiness;

/// A set of directions. Priority data counts as reading.
#[derive(Copy, Clone, Default, PartialEq, Eq)]
pub(crate) struct Directions(u8);

impl Directions {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const BOTH: Self = Self(3);

    pub(crate) const fn one(direction: Direction) -> Self {
        Self(1 << direction as u8)
    }

    /// Those that an interest asks for.
    pub(crate) const fn of(interest: Interest) -> Self {
        let reads = interest.is_readable() || interest.is_priority();
        Self(reads as u8 | (interest.is_writable() as u8) << 1)
    }

    /// Those that a readiness is an event of.
    pub(crate) const fn reported(readiness: Readiness) -> Self {
        let reads =
            readiness.contains(Readiness::READABLE) || readiness.contains(Readiness::PRIORITY);
        let writes = readiness.contains(Readiness::WRITABLE);
        Self(reads as u8 | (writes as u8) << 1)
    }

    /// The readiness of directions of which only that is known.
    pub(crate) const fn to_readiness(self) -> Readiness {
        let mut readiness = Readiness::EMPTY;
        if self.contains(Direction::Read) {
            readiness = readiness.with(Readiness::READABLE);
        }
        if self.contains(Direction::Write) {
            readiness = readiness.with(Readiness::WRITABLE);
        }
        readiness
    }

    /// All that an event says of directions apart from their end.
    pub(crate) const fn all_readiness(self) -> Readiness {
        let readiness = self.to_readiness();
        if self.contains(Direction::Read) {
            readiness.with(Readiness::PRIORITY)
        } else {
            readiness
        }
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) const fn contains(self, direction: Direction) -> bool {
        self.0 >> direction as u8 & 1 != 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Direction> {
        (Direction::BOTH.into_iter()).filter(move |direction| self.contains(*direction))
    }

    #[must_use]
    pub(crate) const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    #[must_use]
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[must_use]
    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl fmt::Debug for Directions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

//! Sources that are reported ready again and again although their operations find nothing. Without
//! this they would keep the loop awake: a UDP socket with an error that the host does not give away,
//! an accept without descriptors in a program that ignores the error.
//!
//! A *futile* event is one after which an operation found nothing. Two in a row are for free. After
//! each further one the direction pauses: it is armed again later. Anything that an operation finds
//! ends the row, and so does a source that is not ready at once when it is armed again. So the pause
//! of an honest source is the shortest.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::{Direction, Key};

const MS: u64 = 1_000_000;

/// The futile events in a row after which a direction is armed at once.
const FREE: u8 = 2;

/// How long a direction pauses after those that follow; the last time is for all further ones.
const PAUSES_NS: [u64; 3] = [MS, 16 * MS, LONGEST_PAUSE_NS];
pub(in crate::portable) const LONGEST_PAUSE_NS: u64 = 256 * MS;

/// What a registration remembers: for each direction the futile events in a row, as far as they
/// matter, and whether it pauses.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct Futile(u8);

impl Futile {
    const COUNT: u8 = 7;
    const PAUSES: u8 = 8;

    const fn shift(direction: Direction) -> u8 {
        4 * direction as u8
    }

    pub(crate) const fn is_paused(self, direction: Direction) -> bool {
        self.0 >> Self::shift(direction) & Self::PAUSES != 0
    }

    /// Counts a futile event. Returns how long the direction pauses, if it does.
    pub(crate) fn count(&mut self, direction: Direction) -> Option<u64> {
        let shift = Self::shift(direction);
        let count = self.0 >> shift & Self::COUNT;
        let Some(pause) = count.checked_sub(FREE).map(usize::from) else {
            self.0 += 1 << shift;
            return None;
        };
        let is_last = pause + 1 == PAUSES_NS.len();
        self.0 += if is_last { 0 } else { 1 << shift };
        self.0 |= Self::PAUSES << shift;
        Some(PAUSES_NS[pause])
    }

    /// Ends a pause. Returns whether there was one.
    pub(crate) fn resume(&mut self, direction: Direction) -> bool {
        let was_paused = self.is_paused(direction);
        self.0 &= !(Self::PAUSES << Self::shift(direction));
        was_paused
    }

    /// Ends the row of a direction, and not its pause.
    #[inline]
    pub(crate) fn end_row(&mut self, direction: Direction) {
        self.0 &= !(Self::COUNT << Self::shift(direction));
    }
}

/// Whether the host may have no answer left for an operation, which finds nothing then although there
/// is something.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) enum Doubt {
    /// It has answers: the last wait reported few sources.
    #[default]
    None,
    /// The last wait gave [many answers](super::Backend::MANY_ANSWERS). The first operation has its
    /// answer even so: sources that are all ready for nothing pause.
    Possible,
    /// One of those sources was served since.
    Real,
}

impl Doubt {
    /// A wait has reported sources.
    pub(super) const fn of_wait(gave_many: bool) -> Self {
        if gave_many {
            Self::Possible
        } else {
            Self::None
        }
    }

    /// An operation has found something.
    pub(super) const fn served(&mut self) {
        if matches!(self, Self::Possible) {
            *self = Self::Real;
        }
    }

    pub(super) const fn is_real(self) -> bool {
        matches!(self, Self::Real)
    }
}

/// The pauses of a selector.
#[derive(Debug, Default)]
pub(crate) struct Pauses {
    /// When each ends, and the label of its direction. It may be over by then.
    ends: BinaryHeap<Reverse<(u64, u64)>>,
    /// The labels of those that have ended before the wait that is to come.
    resumed: Vec<u64>,
}

impl Pauses {
    pub(crate) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub(crate) fn add(&mut self, key: Key, direction: Direction, until_ns: u64) {
        let label = key.to_userdata(direction);
        self.ends.push(Reverse((until_ns, label)));
    }

    /// When the next one ends.
    pub(crate) fn next_end_ns(&self) -> Option<u64> {
        self.ends.peek().map(|end| end.0.0)
    }

    /// Takes one that has ended at `now_ns`.
    pub(crate) fn pop_due(&mut self, now_ns: u64) -> Option<(Key, Direction)> {
        self.next_end_ns().filter(|end_ns| *end_ns <= now_ns)?;
        let Reverse((_, label)) = self.ends.pop()?;
        Some(Key::from_userdata(label))
    }

    /// Forgets those that ended before an earlier wait.
    pub(crate) fn begin(&mut self) {
        self.resumed.clear();
    }

    /// Notes that a direction is armed again: the next wait shows whether it is ready at once.
    pub(crate) fn resumed(&mut self, key: Key, direction: Direction) {
        self.resumed.push(key.to_userdata(direction));
    }

    pub(crate) const fn has_resumed(&self) -> bool {
        !self.resumed.is_empty()
    }

    /// Takes those that were armed again before the wait.
    pub(crate) fn take_resumed(&mut self) -> impl Iterator<Item = (Key, Direction)> {
        self.resumed.drain(..).map(Key::from_userdata)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_direction_pauses_for_longer_and_longer_up_to_a_bound() {
        for direction in Direction::BOTH {
            let mut futile = Futile::default();
            let mut pauses = [0; 8];
            for pause in &mut pauses {
                *pause = futile.count(direction).unwrap_or(0) / MS;
                assert_eq!(futile.is_paused(direction), *pause > 0);
                assert_eq!(futile.resume(direction), *pause > 0);
            }
            assert_eq!(pauses, [0, 0, 1, 16, 256, 256, 256, 256]);
        }
    }

    #[test]
    fn what_was_found_ends_the_row_of_its_direction_alone() {
        let mut futile = Futile::default();
        for _ in 0..5 {
            for direction in Direction::BOTH {
                futile.count(direction);
            }
        }
        futile.end_row(Direction::Read);
        assert!(futile.resume(Direction::Read));
        assert!(!futile.is_paused(Direction::Read) && futile.is_paused(Direction::Write));
        assert_eq!(futile.count(Direction::Read), None);
        assert_eq!(futile.count(Direction::Write), Some(256 * MS));
    }

    #[test]
    fn pauses_end_in_their_order_and_never_early() {
        let mut pauses = Pauses::default();
        let key = |index| Key {
            index,
            generation: 1,
        };
        for (index, until_ns) in [(1, 30), (2, 10), (3, 20)] {
            pauses.add(key(index), Direction::Write, until_ns);
        }
        assert_eq!(pauses.pop_due(9), None);
        assert_eq!(pauses.next_end_ns(), Some(10));
        assert_eq!(pauses.pop_due(25), Some((key(2), Direction::Write)));
        assert_eq!(pauses.pop_due(25), Some((key(3), Direction::Write)));
        assert_eq!(pauses.pop_due(25), None);
        assert!(!pauses.is_empty());
    }
}

//! The host's array of records, in the order that the hot/cold policy needs:
//!
//! ```text
//! [ hot … | clock | cold … ]
//! ```
//!
//! so that the hot part with the clock, the cold part with the clock, and all of it are each
//! one slice that the host is handed in place. Every change is O(1).

use std::ops::Range;

use super::key::SlotId;
use super::sources::{ABSENT, Sources};

/// How many hot slots a poll looks at to find stale ones.
const COOLED_PER_POLL: usize = 2;

/// Which part of the array to wait on.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Hot,
    Cold,
    All,
}

/// The array. Positions of slots are kept in [`Sources`].
#[derive(Debug)]
pub(crate) struct Order<R> {
    records: Vec<R>,
    owners: Vec<SlotId>,
    /// The number of hot records, and so the place of the clock.
    hot: usize,
    /// The next hot slot to look at for cooling.
    hand: usize,
}

impl<R: Copy> Order<R> {
    pub(crate) fn new(clock: R) -> Self {
        Self {
            records: vec![clock],
            owners: vec![SlotId::CLOCK],
            hot: 0,
            hand: 0,
        }
    }

    /// The number of hot slots.
    pub(crate) const fn hot(&self) -> usize {
        self.hot
    }

    /// The number of cold slots.
    pub(crate) fn cold(&self) -> usize {
        self.records.len() - 1 - self.hot
    }

    /// The number of slots, hot and cold.
    pub(crate) fn len(&self) -> usize {
        self.records.len() - 1
    }

    pub(crate) fn clock_mut(&mut self) -> &mut R {
        &mut self.records[self.hot]
    }

    /// The records of a part, the clock among them.
    pub(crate) fn part(&self, part: Part) -> &[R] {
        match part {
            Part::Hot => &self.records[..=self.hot],
            Part::Cold => &self.records[self.hot..],
            Part::All => &self.records,
        }
    }

    /// The owners of the records of [`part`](Self::part).
    pub(crate) fn owners(&self, part: Part) -> &[SlotId] {
        match part {
            Part::Hot => &self.owners[..=self.hot],
            Part::Cold => &self.owners[self.hot..],
            Part::All => &self.owners,
        }
    }

    /// Lends the records at `range` (counted without the clock) with the clock
    /// before them: for hosts that cannot take the whole array at once.
    pub(crate) fn with_chunk<T>(
        &mut self,
        range: Range<usize>,
        use_it: impl FnOnce(&[R]) -> T,
    ) -> T {
        // The clock counts as one place: slots behind it stand one further on.
        let clock = self.hot;
        let first = range.start;
        self.rotate_clock(clock, first);
        let result = use_it(&self.records[first..=range.end]);
        self.rotate_clock(first, clock);
        result
    }

    /// Moves the clock record between two places by one move of the records
    /// between. O(n), and only for hosts with a limit.
    fn rotate_clock(&mut self, from: usize, to: usize) {
        if from < to {
            self.records[from..=to].rotate_left(1);
        } else {
            self.records[to..=from].rotate_right(1);
        }
    }

    pub(super) fn insert<S: Copy>(
        &mut self,
        sources: &mut Sources<S>,
        id: SlotId,
        record: R,
        hot: bool,
    ) {
        let place = self.records.len();
        self.records.push(record);
        self.owners.push(id);
        sources.set_position(id, index(place));
        if hot {
            self.promote(sources, id);
        }
    }

    pub(super) fn remove<S: Copy>(&mut self, sources: &mut Sources<S>, id: SlotId) {
        if (sources.position(id) as usize) < self.hot {
            self.demote(sources, id);
        }
        let place = sources.position(id) as usize;
        self.swap(sources, place, self.records.len() - 1);
        self.records.pop();
        self.owners.pop();
        sources.set_position(id, ABSENT);
    }

    /// Moves a cold slot into the hot prefix.
    pub(super) fn promote<S: Copy>(&mut self, sources: &mut Sources<S>, id: SlotId) {
        let place = sources.position(id) as usize;
        if place > self.hot {
            // The slot goes to the first cold place, and then changes places with the clock.
            self.swap(sources, place, self.hot + 1);
            self.swap(sources, self.hot, self.hot + 1);
            self.hot += 1;
        }
    }

    /// Moves a hot slot into the cold part.
    fn demote<S: Copy>(&mut self, sources: &mut Sources<S>, id: SlotId) {
        let place = sources.position(id) as usize;
        debug_assert!(place < self.hot, "only a hot slot cools");
        self.swap(sources, place, self.hot - 1);
        self.swap(sources, self.hot - 1, self.hot);
        self.hot -= 1;
    }

    /// Makes every slot cold, in one exchange: the clock goes to the front.
    pub(crate) fn cool_all<S: Copy>(&mut self, sources: &mut Sources<S>) {
        self.swap(sources, 0, self.hot);
        self.hot = 0;
    }

    /// Looks at the next few hot slots and cools those that moved no bytes for long.
    pub(super) fn cool_stale<S: Copy>(&mut self, sources: &mut Sources<S>) {
        for _ in 0..COOLED_PER_POLL.min(self.hot) {
            if self.hand >= self.hot {
                self.hand = 0;
            }
            let id = self.owners[self.hand];
            if sources.is_stale(id, self.hot) {
                self.demote(sources, id);
            } else {
                self.hand += 1;
            }
        }
    }

    fn swap<S: Copy>(&mut self, sources: &mut Sources<S>, a: usize, b: usize) {
        if a == b {
            return;
        }
        self.records.swap(a, b);
        self.owners.swap(a, b);
        sources.set_position(self.owners[a], index(a));
        sources.set_position(self.owners[b], index(b));
    }
}

/// A place in the array as it is kept in the table: there are fewer than 2^32
/// records, as there are fewer than 2^31 registrations.
fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(ABSENT)
}

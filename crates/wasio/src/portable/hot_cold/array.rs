//! The array that the host is handed, in the order that the hot/cold policy needs:
//!
//! ```text
//! [ hot … | clock | cold … ]
//! ```
//!
//! so that the hot part with the clock, the cold part with the clock, and all of it are each one
//! slice that the host is handed in place. Every change is O(1).

use std::ops::Range;

use super::policy::FEW;
use crate::portable::key::SlotId;

/// Not in the array.
const ABSENT: u32 = u32::MAX;
/// Another slot comes first after this number of polls, with few slots. (Node.js sees nothing of a
/// descriptor whose other direction is first, and a poll may be two waits: one each would be none.)
const ROTATE_EVERY: u32 = 8;

/// One record of the array.
pub(crate) trait HostRecord: Copy {
    /// Whether there are hosts that consider one direction of each source, the one that is listed
    /// first: another slot comes first now and then.
    const ROTATES: bool;
}

/// Which part of the array to wait on.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Hot,
    Cold,
    All,
}

/// The array.
#[derive(Debug)]
pub(crate) struct PollArray<R> {
    records: Vec<R>,
    owners: Vec<SlotId>,
    /// Where the record of each slot is, or [`ABSENT`].
    positions: Vec<u32>,
    /// The number of hot records, and so the place of the clock.
    hot: usize,
    /// The next hot slot to check for cooling.
    cool_cursor: usize,
    /// The registrations of which both directions are in the array.
    pairs: usize,
    /// Where the sweep of the cold part has come to: the places before this one were polled.
    sweep_cursor: usize,
    /// Where the next chunk of a part begins.
    chunk_cursor: usize,
}

/// A slice of the array, and which two records change places while the host has it: with the same
/// place twice, none.
#[derive(Clone, Debug)]
pub(crate) struct Window {
    places: Range<usize>,
    swapped: [usize; 2],
}

impl<R: HostRecord> PollArray<R> {
    pub(crate) fn new(clock: R) -> Self {
        Self {
            records: vec![clock],
            owners: vec![SlotId::CLOCK],
            positions: Vec::new(),
            hot: 0,
            cool_cursor: 0,
            pairs: 0,
            sweep_cursor: 0,
            chunk_cursor: 0,
        }
    }

    /// The number of hot slots.
    pub(crate) const fn hot(&self) -> usize {
        self.hot
    }

    /// The number of cold slots.
    pub(crate) const fn cold(&self) -> usize {
        self.records.len() - 1 - self.hot
    }

    /// The number of slots, hot and cold.
    pub(crate) const fn len(&self) -> usize {
        self.records.len() - 1
    }

    /// The number of slots in a part.
    pub(crate) const fn len_of(&self, part: Part) -> usize {
        match part {
            Part::Hot => self.hot,
            Part::Cold => self.cold(),
            Part::All => self.len(),
        }
    }

    pub(crate) fn clock_mut(&mut self) -> &mut R {
        &mut self.records[self.hot]
    }

    /// All records, the clock among them.
    pub(crate) fn all(&self) -> &[R] {
        &self.records
    }

    /// Calls `use_it` on all records but the clock, whose place the last one takes meanwhile.
    pub(crate) fn without_clock<T>(&mut self, use_it: impl FnOnce(&[R]) -> T) -> T {
        let window = self.window_without_clock();
        self.with_window(&window, use_it)
    }

    /// The places of a part, the clock's among them.
    pub(crate) const fn places(&self, part: Part) -> Range<usize> {
        match part {
            Part::Hot => 0..self.hot + 1,
            Part::Cold => self.hot..self.records.len(),
            Part::All => 0..self.records.len(),
        }
    }

    /// The record at one of the [`places`](Self::places).
    pub(crate) fn record(&self, place: usize) -> R {
        self.records[place]
    }

    /// The owners of the records at `places`.
    pub(crate) fn owners(&self, places: Range<usize>) -> &[SlotId] {
        &self.owners[places]
    }

    /// A whole part, the clock among it.
    pub(crate) const fn window_of(&self, part: Part) -> Window {
        Window {
            places: self.places(part),
            swapped: [0, 0],
        }
    }

    /// All records but the clock, whose place the last one takes.
    pub(crate) const fn window_without_clock(&self) -> Window {
        let last = self.records.len() - 1;
        Window {
            places: 0..last,
            swapped: [self.hot, last],
        }
    }

    /// The clock alone.
    pub(crate) const fn window_of_clock(&self) -> Window {
        Window {
            places: self.hot..self.hot + 1,
            swapped: [0, 0],
        }
    }

    /// One of the [`chunks`](Self::chunks) with the clock beside it, which takes the place of a
    /// neighbour.
    pub(crate) const fn window_of_chunk(&self, chunk: &Range<usize>) -> Window {
        // The neighbour is towards the clock, so that there is one: the clock itself at the last.
        let (border, places) = if chunk.end <= self.hot {
            (chunk.end, chunk.start..chunk.end + 1)
        } else {
            (chunk.start - 1, chunk.start - 1..chunk.end)
        };
        Window {
            places,
            swapped: [border, self.hot],
        }
    }

    /// Whose record is at an index of a window; `None` beyond the last.
    pub(crate) fn owner(&self, window: &Window, index: usize) -> Option<SlotId> {
        let place = window.places.clone().nth(index)?;
        let place = match window.swapped {
            [a, b] if place == a => b,
            [a, b] if place == b => a,
            _ => place,
        };
        self.owners.get(place).copied()
    }

    /// Calls `use_it` on the records of a window.
    pub(crate) fn with_window<T>(&mut self, window: &Window, use_it: impl FnOnce(&[R]) -> T) -> T {
        let [a, b] = window.swapped;
        if a != b {
            self.records.swap(a, b);
        }
        let result = use_it(&self.records[window.places.clone()]);
        if a != b {
            self.records.swap(a, b);
        }
        result
    }

    /// The places of a part in chunks of at most `limit` slots, for
    /// [`window_of_chunk`](Self::window_of_chunk).
    pub(crate) fn chunks(
        &self,
        part: Part,
        limit: usize,
    ) -> impl Iterator<Item = Range<usize>> + use<R> {
        let Range { mut start, end } = self.places(part);
        let clock = self.hot;
        std::iter::from_fn(move || {
            start += usize::from(start == clock);
            let border = if start < clock { clock } else { end };
            let chunk = start..border.min(start.saturating_add(limit));
            start = chunk.end;
            (!chunk.is_empty()).then_some(chunk)
        })
    }

    /// The chunk of a part that comes after the last one, in a circle: at most `limit` slots, and none
    /// only if the part has none. For [`window_of_chunk`](Self::window_of_chunk).
    pub(crate) fn next_chunk(&mut self, part: Part, limit: usize) -> Range<usize> {
        let Range { start: first, end } = self.places(part);
        let mut start = self.chunk_cursor.max(first);
        start += usize::from(start == self.hot);
        if start >= end {
            start = first + usize::from(first == self.hot);
        }
        let border = if start < self.hot { self.hot } else { end };
        self.chunk_cursor = border.min(start.saturating_add(limit));
        start..self.chunk_cursor
    }

    /// The next chunk of the sweep of the cold part: at most `limit` slots, and none only if none is
    /// cold. Whatever is inserted, removed, cooled or becomes hot meanwhile, the sweep skips no slot.
    pub(crate) fn next_cold(&mut self, limit: usize) -> Range<usize> {
        let (first, end) = (self.hot + 1, self.records.len());
        let start = match self.sweep_cursor {
            cursor if cursor < end => cursor.max(first),
            _ => first,
        };
        self.sweep_cursor = end.min(start.saturating_add(limit));
        start..self.sweep_cursor
    }

    /// Lets the next chunk of a part begin at an earlier place.
    pub(crate) fn return_to(&mut self, place: usize) {
        self.chunk_cursor = self.chunk_cursor.min(place);
    }

    /// Enters a slot, or replaces its record. One that is hot comes into the hot prefix; one that is
    /// there stays there, hot or not, until [`cool_stale`](Self::cool_stale) finds it.
    pub(super) fn put(&mut self, slot: SlotId, record: R, hot: bool) {
        if let Some(place) = self.position(slot) {
            self.records[place] = record;
        } else {
            if R::ROTATES {
                self.pairs += usize::from(self.position(slot.sibling()).is_some());
            }
            let place = self.records.len();
            self.records.push(record);
            self.owners.push(slot);
            while self.positions.len() <= slot.to_usize() {
                // Both directions of a registration: most have both sooner or later.
                self.positions.extend([ABSENT; 2]);
            }
            self.set_position(slot, place);
        }
        if hot {
            self.promote(slot);
        }
    }

    /// Takes a slot out, if it is in the array.
    pub(super) fn remove(&mut self, slot: SlotId) {
        let Some(place) = self.position(slot) else {
            return;
        };
        if place < self.hot {
            self.demote(place);
        }
        let place = self.move_behind_cursor(slot);
        let last = self.records.len() - 1;
        self.swap(place, last);
        self.records.pop();
        self.owners.pop();
        self.positions[slot.to_usize()] = ABSENT;
        if R::ROTATES {
            self.pairs -= usize::from(self.position(slot.sibling()).is_some());
        }
    }

    /// Moves a cold slot that this sweep has polled behind the cursor, so that the slot that takes
    /// its place is not skipped. Returns where it is.
    fn move_behind_cursor(&mut self, slot: SlotId) -> usize {
        let place = self.positions[slot.to_usize()] as usize;
        if place >= self.sweep_cursor {
            return place;
        }
        self.sweep_cursor -= 1;
        self.swap(place, self.sweep_cursor);
        self.sweep_cursor
    }

    /// Moves a cold slot into the hot prefix.
    fn promote(&mut self, slot: SlotId) {
        if self.positions[slot.to_usize()] as usize > self.hot {
            let place = self.move_behind_cursor(slot);
            // The slot goes to the first cold place, and then changes places with the clock.
            self.swap(place, self.hot + 1);
            self.swap(self.hot, self.hot + 1);
            self.hot += 1;
        }
    }

    /// Moves a hot slot into the cold part.
    fn demote(&mut self, place: usize) {
        debug_assert!(place < self.hot, "only a hot slot cools");
        self.swap(place, self.hot - 1);
        self.swap(self.hot - 1, self.hot);
        self.hot -= 1;
    }

    /// Whether [`cool_stale`](Self::cool_stale) may change anything in that poll.
    pub(super) fn may_cool(&self, poll: u32) -> bool {
        self.len() >= FEW || self.should_rotate(poll)
    }

    /// Whether another slot is to come first. There is a reason for it only if a descriptor is waited
    /// for in both directions.
    const fn should_rotate(&self, poll: u32) -> bool {
        R::ROTATES && self.pairs > 0 && poll.is_multiple_of(ROTATE_EVERY)
    }

    /// Checks one of [`FEW`] hot slots, and one more, and cools those that are stale: little beside
    /// what the host does for each of them.
    pub(super) fn cool_stale(&mut self, poll: u32, mut is_stale: impl FnMut(SlotId) -> bool) {
        // With few slots all are waited on as one, whichever part they are in.
        if self.len() < FEW {
            if self.should_rotate(poll) {
                self.rotate_first();
            }
            return;
        }
        let checks = 1 + self.hot / FEW;
        for _ in 0..checks.min(self.hot) {
            if self.cool_cursor >= self.hot {
                self.cool_cursor = 0;
            }
            if is_stale(self.owners[self.cool_cursor]) {
                self.demote(self.cool_cursor);
            } else {
                self.cool_cursor += 1;
            }
        }
    }

    /// Lets another slot come first: see [`HostRecord::ROTATES`].
    #[cold]
    fn rotate_first(&mut self) {
        let last = self.records.len() - 1;
        if self.hot < last {
            self.promote(self.owners[last]);
        } else if self.hot > 1 {
            self.cool_cursor = (self.cool_cursor + 1) % self.hot;
            self.swap(0, self.cool_cursor);
        }
    }

    fn position(&self, slot: SlotId) -> Option<usize> {
        let position = *self.positions.get(slot.to_usize())?;
        (position != ABSENT).then_some(position as usize)
    }

    /// There are fewer than 2^32 records, as there are fewer than 2^31 registrations.
    fn set_position(&mut self, slot: SlotId, place: usize) {
        // The clock has no position.
        if let Some(position) = self.positions.get_mut(slot.to_usize()) {
            *position = u32::try_from(place).unwrap_or(ABSENT);
        }
    }

    /// Not inlined: in place in its callers it makes a program 2 kB larger.
    #[inline(never)]
    fn swap(&mut self, a: usize, b: usize) {
        if a == b {
            return;
        }
        self.records.swap(a, b);
        self.owners.swap(a, b);
        self.set_position(self.owners[a], a);
        self.set_position(self.owners[b], b);
    }
}

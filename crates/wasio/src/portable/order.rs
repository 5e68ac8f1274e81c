//! The host's array of records, in the order that the hot/cold policy needs:
//!
//! ```text
//! [ hot … | clock | cold … ]
//! ```
//!
//! so that the hot part with the clock, the cold part with the clock, and all of it are each
//! one slice that the host is handed in place. Every change is O(1).

use std::mem;
use std::ops::Range;

use super::key::SlotId;
use super::policy::FEW_COLD;
use super::push;
use super::sources::{ABSENT, Sources};

/// A poll looks at so many hot slots to find stale ones, and at one of sixteen if
/// that is more: always little beside what the host does for each of them.
const COOLED_PER_POLL: usize = 2;
const COOLED_SHARE: usize = 16;

/// With few slots another one comes first each so many polls.
const TURN_EVERY: u32 = 8;

/// What the host's array is of.
pub(crate) trait Placed: Copy {
    /// Whether there are hosts that look at one direction of each source, the one that is listed
    /// first: another slot comes first now and then.
    const TAKES_TURNS: bool;
}

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
    /// The registrations of which both directions stand in the array.
    pairs: usize,
    /// Where the turn through the cold part stands: the places before this one were looked at.
    turn: usize,
}

/// Which records are lent, and which two change places for as long: with the same place twice, none.
#[derive(Clone, Debug)]
pub(crate) struct Loan {
    places: Range<usize>,
    exchanged: [usize; 2],
}

impl<R: Placed> Order<R> {
    pub(crate) fn new(clock: R) -> Self {
        Self {
            records: vec![clock],
            owners: vec![SlotId::CLOCK],
            hot: 0,
            hand: 0,
            pairs: 0,
            turn: 0,
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

    /// The number of slots in a part.
    pub(crate) fn len_of(&self, part: Part) -> usize {
        match part {
            Part::Hot => self.hot,
            Part::Cold => self.cold(),
            Part::All => self.len(),
        }
    }

    pub(crate) fn clock_mut(&mut self) -> &mut R {
        &mut self.records[self.hot]
    }

    pub(crate) fn set_clock(&mut self, record: R) {
        if let Some(clock) = self.records.get_mut(self.hot) {
            *clock = record;
        }
    }

    /// All records, the clock among them.
    pub(crate) fn all(&self) -> &[R] {
        &self.records
    }

    /// The records of a part, the clock among them.
    pub(crate) fn part(&self, part: Part) -> &[R] {
        &self.records[self.places(part)]
    }

    /// The places of a part, the clock's among them.
    #[inline(never)]
    pub(crate) fn places(&self, part: Part) -> Range<usize> {
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

    /// The record at a slot's position, if it has one.
    pub(super) fn record_mut(&mut self, position: u32) -> Option<&mut R> {
        self.records.get_mut(position as usize)
    }

    /// The owners of the records at `places`.
    pub(crate) fn owners(&self, places: Range<usize>) -> &[SlotId] {
        &self.owners[places]
    }

    /// Lends all records but the clock, whose place the last one takes for as long.
    pub(crate) fn without_clock<T>(&mut self, use_it: impl FnOnce(&[R]) -> T) -> T {
        let loan = self.loan_without_clock();
        self.lend(&loan, use_it)
    }

    /// What [`without_clock`](Self::without_clock) lends.
    pub(crate) fn loan_without_clock(&self) -> Loan {
        let last = self.records.len() - 1;
        Loan {
            places: 0..last,
            exchanged: [self.hot, last],
        }
    }

    /// A whole part, the clock among it.
    pub(crate) fn loan_of(&self, part: Part) -> Loan {
        Loan {
            places: self.places(part),
            exchanged: [0, 0],
        }
    }

    /// One of the [`pieces`](Self::pieces) with the clock beside it, which takes the place of a
    /// neighbour for as long.
    pub(crate) fn loan_of_piece(&self, piece: Range<usize>) -> Loan {
        // Towards the clock, so that there is a neighbour: the clock at the last.
        let (border, places) = if piece.end <= self.hot {
            (piece.end, piece.start..piece.end + 1)
        } else {
            (piece.start - 1, piece.start - 1..piece.end)
        };
        Loan {
            places,
            exchanged: [border, self.hot],
        }
    }

    /// Whose record is lent at this index; `None` beyond the last.
    pub(crate) fn owner(&self, loan: &Loan, index: usize) -> Option<SlotId> {
        let place = loan.places.clone().nth(index)?;
        let place = match loan.exchanged {
            [a, b] if place == a => b,
            [a, b] if place == b => a,
            _ => place,
        };
        self.owners.get(place).copied()
    }

    /// Lends records; two of them may have changed places for as long.
    pub(crate) fn lend<T>(&mut self, loan: &Loan, use_it: impl FnOnce(&[R]) -> T) -> T {
        let [a, b] = loan.exchanged;
        if a != b {
            self.exchange(a, b);
        }
        let lent = self.records.get(loan.places.clone());
        debug_assert!(lent.is_some(), "a loan of records that are gone: {loan:?}");
        let result = use_it(lent.unwrap_or_default());
        if a != b {
            self.exchange(a, b);
        }
        result
    }

    /// The places of a part in pieces of at most `limit` slots, for
    /// [`loan_of_piece`](Self::loan_of_piece).
    pub(crate) fn pieces(
        &self,
        part: Part,
        limit: usize,
    ) -> impl Iterator<Item = Range<usize>> + use<R> {
        let Range { mut start, end } = self.places(part);
        let clock = self.hot;
        std::iter::from_fn(move || {
            start += usize::from(start == clock);
            let border = if start < clock { clock } else { end };
            let piece = start..border.min(start.saturating_add(limit));
            start = piece.end;
            (!piece.is_empty()).then_some(piece)
        })
    }

    /// The next piece of the turn through the cold part: at most `limit` slots, and none only where
    /// none is cold. Whatever comes, goes, becomes hot or cools meanwhile, no slot is
    /// passed over.
    pub(crate) fn next_cold(&mut self, limit: usize) -> Range<usize> {
        let (first, end) = (self.hot + 1, self.records.len());
        let start = match self.turn {
            turn if turn < end => turn.max(first),
            _ => first,
        };
        self.turn = end.min(start.saturating_add(limit));
        start..self.turn
    }

    pub(super) fn insert<S: Copy>(
        &mut self,
        sources: &mut Sources<S>,
        id: SlotId,
        record: R,
        hot: bool,
    ) {
        let place = self.records.len();
        if R::TAKES_TURNS {
            self.pairs += usize::from(sources.position(id.sibling()) != ABSENT);
        }
        push(&mut self.records, record);
        push(&mut self.owners, id);
        sources.set_position(id, index(place));
        if hot {
            self.promote(sources, id);
        }
    }

    pub(super) fn remove<S: Copy>(&mut self, sources: &mut Sources<S>, id: SlotId) {
        if (sources.position(id) as usize) < self.hot {
            self.demote(sources, id);
        }
        let place = self.leave_turn(sources, id);
        self.swap(sources, place, self.records.len() - 1);
        self.records.pop();
        self.owners.pop();
        sources.set_position(id, ABSENT);
        if R::TAKES_TURNS {
            self.pairs -= usize::from(sources.position(id.sibling()) != ABSENT);
        }
    }

    /// Moves a cold slot out of those that were looked at, if it is one, so that what takes its place
    /// has its look at once, and not a turn later. Returns where it is.
    fn leave_turn<S: Copy>(&mut self, sources: &mut Sources<S>, id: SlotId) -> usize {
        let place = sources.position(id) as usize;
        if place >= self.turn {
            return place;
        }
        self.turn -= 1;
        self.swap(sources, place, self.turn);
        self.turn
    }

    /// Moves a cold slot into the hot prefix.
    #[inline(never)]
    pub(super) fn promote<S: Copy>(&mut self, sources: &mut Sources<S>, id: SlotId) {
        if sources.position(id) as usize > self.hot {
            let place = self.leave_turn(sources, id);
            // The slot goes to the first cold place, and then changes places with the clock.
            self.swap(sources, place, self.hot + 1);
            self.swap(sources, self.hot, self.hot + 1);
            self.hot += 1;
        }
    }

    /// Moves a hot slot into the cold part.
    #[inline(never)]
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

    /// Whether [`cool_stale`](Self::cool_stale) may change anything in that poll.
    pub(super) fn may_cool(&self, poll: u32) -> bool {
        self.len() >= FEW_COLD || self.turns(poll)
    }

    /// Whether another slot is to come first, for which there is a reason only where a descriptor
    /// is waited for in both directions.
    const fn turns(&self, poll: u32) -> bool {
        R::TAKES_TURNS && self.pairs > 0 && poll.is_multiple_of(TURN_EVERY)
    }

    /// Looks at the next few hot slots and cools those that moved no bytes for long.
    pub(super) fn cool_stale<S: Copy>(&mut self, sources: &mut Sources<S>) {
        // Then all is waited on as one, and it does not matter which part that is in.
        if self.len() < FEW_COLD {
            if self.turns(sources.polls()) {
                self.turn(sources);
            }
            return;
        }
        let looks = COOLED_PER_POLL.max(self.hot / COOLED_SHARE);
        for _ in 0..looks.min(self.hot) {
            if self.hand >= self.hot {
                self.hand = 0;
            }
            let Some(&id) = self.owners.get(self.hand) else {
                return;
            };
            if sources.is_stale(id) {
                self.demote(sources, id);
            } else {
                self.hand += 1;
            }
        }
    }

    /// Lets another slot come first: see [`Placed::TAKES_TURNS`].
    #[inline(never)]
    fn turn<S: Copy>(&mut self, sources: &mut Sources<S>) {
        let last = self.records.len() - 1;
        if self.hot < last {
            let id = self.owners[last];
            self.promote(sources, id);
        } else if self.hot > 1 {
            self.hand = (self.hand + 1) % self.hot;
            self.swap(sources, 0, self.hand);
        }
    }

    #[inline(never)]
    fn exchange(&mut self, a: usize, b: usize) {
        if a.max(b) < self.records.len() {
            self.records.swap(a, b);
        }
    }

    #[inline(never)]
    fn swap<S: Copy>(&mut self, sources: &mut Sources<S>, a: usize, b: usize) {
        self.exchange(a, b);
        if let Ok([of_a, of_b]) = self.owners.get_disjoint_mut([a, b]) {
            mem::swap(of_a, of_b);
            sources.set_position(*of_a, index(a));
            sources.set_position(*of_b, index(b));
        }
    }
}

/// A place in the array as it is kept in the table: there are fewer than 2^32
/// records, as there are fewer than 2^31 registrations.
fn index(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(ABSENT)
}

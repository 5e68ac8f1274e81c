//! The calls of a wait, and what the answers are worth.
//!
//! wasi-common (wasmtime up to 46, wasmi) reports *every* source as ready when any
//! is. There an answer is believed if it says more than "ready" (more than one byte,
//! a hang-up, an error); the rest is asked about again without blocking, in groups and then one by
//! one, where the answer of that host is exact. What was not found ready stays armed.

use std::io;
use std::ops::Range;

use super::abi::{Errno, Event, FD_WRITE, Subscription};
use super::host::Host;
use super::quirks::LONGEST_WAIT_NS;
use super::wait::{Budget, Turn};
use crate::portable::{Key, Part};

/// How many sources a second look takes together: 1.5 µs a call and 0.2 µs a source
/// make a thousand cost 0.3 ms, where each alone would cost 1.7 ms.
const GROUP: usize = 16;
/// So few directions to write to are looked at without delay.
const FEW_WRITES: usize = 4;
/// A call that took so much longer than its answer costs has blocked.
const BLOCKED_NS: u64 = 15_000;
const MS: u64 = 1_000_000;
/// With so few sources one look in so many is taken while there is other work.
const FEW: usize = 8;
const FEW_SKIPS: u8 = 16;
/// The shortest time between looks that find other work waiting.
const LOOK_EVERY_NS: u64 = MS;
/// An `inval` for more sources than this is taken for a limit first.
const MANY: usize = 512;

/// Buffers of the second look, and when the next is due.
pub(super) struct Look {
    /// The labels of what was reported and is not believed yet.
    candidates: Vec<u64>,
    /// The array and the answers of a look's own calls.
    probe: Vec<Subscription>,
    answers: Vec<Event>,
    due_ns: u64,
    /// Since when there is something doubtful that no look was taken at.
    doubt_since_ns: Option<u64>,
    /// The time spent on looks since that was last asked for.
    spent_ns: u64,
    /// The looks that were left out where there are few sources.
    skipped: u8,
}

impl Look {
    pub(super) const fn new() -> Self {
        Self {
            candidates: Vec::new(),
            probe: Vec::new(),
            answers: Vec::new(),
            due_ns: 0,
            doubt_since_ns: None,
            spent_ns: 0,
            skipped: 0,
        }
    }

    /// Takes note of a call that blocked: nothing was ready when it began, so that what
    /// is doubtful now is not old. Only the first of many such calls puts the look off, else
    /// it would never be due.
    fn put_off(&mut self, now_ns: u64) {
        let since_ns = *self.doubt_since_ns.get_or_insert(now_ns);
        self.due_ns = self.due_ns.max(since_ns.saturating_add(LOOK_EVERY_NS));
    }

    /// Whether to go without a look, as nearly always, where there are few sources: to ask
    /// a clock would cost as much as to look. A source that is ready ends the next wait at once,
    /// so that the polls between two looks do not block.
    const fn skips(&mut self) -> bool {
        self.skipped = (self.skipped + 1) % FEW_SKIPS;
        self.skipped != 0
    }

    pub(super) const fn take_spent_ns(&mut self) -> u64 {
        std::mem::replace(&mut self.spent_ns, 0)
    }

    /// Takes note of a look at everything.
    fn done(&mut self, started_ns: u64, ended_ns: u64) {
        let cost_ns = ended_ns.saturating_sub(started_ns);
        self.spent_ns = self.spent_ns.saturating_add(cost_ns);
        self.due_ns = ended_ns.saturating_add(LOOK_EVERY_NS.max(cost_ns * 4));
        self.doubt_since_ns = None;
    }
}

/// Whether an answer of a host that cries wolf says no more than "perhaps".
fn is_ambiguous(event: &Event) -> bool {
    !event.is_clock()
        && event.error == Errno::SUCCESS
        && !event.is_hangup()
        && (event.kind == FD_WRITE || event.nbytes <= 1)
}

impl<H: Host> Turn<'_, H> {
    /// Waits on a part of the array and returns how many slots were found ready.
    pub(super) fn ask_part(&mut self, part: Part, budget: Budget) -> io::Result<usize> {
        let before = self.wait.found.len();
        let asked = self.wait.order.part(part).len() - 1;
        if asked == 0 {
            return Ok(0);
        }
        let limit = self.wait.quirks.limit_of(part, budget);
        if asked > limit {
            self.ask_in_pieces(part, limit, budget)?;
        } else if let Err(errno) = self.ask_whole(part, asked, budget) {
            self.recover(errno, part, asked, budget)?;
        }
        Ok(self.wait.found.len() - before)
    }

    fn ask_whole(&mut self, part: Part, asked: usize, budget: Budget) -> Result<(), Errno> {
        let timeout_ns = self.timeout_ns(asked, budget);
        let timed = self.is_timed(asked, budget);
        let started_ns = if timed { self.now_ns() } else { 0 };
        let wait = &mut *self.wait;
        wait.order.clock_mut().set_timeout_ns(timeout_ns);
        if wait.answers.len() <= asked {
            wait.answers.resize(asked + 1, Event::ZERO);
        }
        let host = &self.shared.host;
        let answers = &mut wait.answers;
        // A timer costs the host and its processor, and such a wait would only be repeated. A
        // host that was not seen to return for one source might never do so.
        let is_endless = timeout_ns == LONGEST_WAIT_NS && wait.quirks.prompt;
        let written = if is_endless && part == Part::All {
            wait.order
                .without_clock(|subscriptions| host.poll_oneoff(subscriptions, answers))?
        } else {
            host.poll_oneoff(wait.order.part(part), answers)?
        };
        let elapsed_ns = if timed {
            self.now_ns().saturating_sub(started_ns)
        } else {
            u64::MAX
        };
        self.sift(written, asked, budget, timeout_ns, elapsed_ns);
        Ok(())
    }

    /// Whether there is still something to learn from how long the call takes.
    fn is_timed(&self, asked: usize, budget: Budget) -> bool {
        match budget {
            Budget::Zero => self.wait.quirks.times_zeros(asked),
            // On a host that cries wolf the time tells, each time, whether it blocked.
            _ => {
                let cries_wolf = self.wait.quirks.cries_wolf == Some(true);
                (asked > 1 && !self.wait.quirks.prompt) || (asked > FEW && cries_wolf)
            }
        }
    }

    pub(super) fn timeout_ns(&mut self, asked: usize, budget: Budget) -> u64 {
        let ns = match budget {
            Budget::Zero => return self.wait.quirks.zero_timeout_ns(),
            Budget::AtMost(ns) => ns,
            Budget::Unlimited => u64::MAX,
        };
        // A wake that came since the flag was last looked at: do not block.
        if self.shared.wake.is_set() && self.shared.lock().waker.is_some() {
            return self.wait.quirks.zero_timeout_ns();
        }
        let quirks = &self.wait.quirks;
        let slice_ns = quirks.slice_ns(self.shared.sharing(), asked, self.round);
        let timeout_ns = quirks.timeout_ns(ns.min(slice_ns));
        self.asked_ns = timeout_ns;
        timeout_ns
    }

    /// Takes the answers of one call apart.
    pub(super) fn sift(
        &mut self,
        written: usize,
        asked: usize,
        budget: Budget,
        timeout_ns: u64,
        elapsed_ns: u64,
    ) {
        let wait = &mut *self.wait;
        let answers = &wait.answers[..written.min(wait.answers.len())];
        let reported = answers.iter().filter(|event| !event.is_clock()).count();
        if budget == Budget::Zero {
            wait.quirks.zero_took(timeout_ns, elapsed_ns, reported > 0);
        }
        if reported == 0 {
            return;
        }
        self.asked_ns = 0;
        wait.quirks.report_took(asked, elapsed_ns);
        if reported < asked {
            wait.quirks.cries_wolf = Some(false);
            wait.quirks.some_took(timeout_ns, elapsed_ns);
        }
        let doubtful = asked > 1 && wait.quirks.cries_wolf != Some(false);
        let believed = |event: &&Event| !(event.is_clock() || (doubtful && is_ambiguous(event)));
        let before = wait.found.len();
        wait.found.extend(answers.iter().filter(believed));
        if doubtful {
            let certain = wait.found.len() - before;
            self.second_look(written, asked, certain, budget, timeout_ns, elapsed_ns);
        }
    }

    /// Looks again at what was reported and may not be so.
    fn second_look(
        &mut self,
        written: usize,
        asked: usize,
        certain: usize,
        budget: Budget,
        timeout_ns: u64,
        elapsed_ns: u64,
    ) {
        let (doubtful, writes) = self.count_doubtful(written);
        if doubtful == 0 {
            return;
        }
        let few = writes == 0 && asked <= FEW;
        if few && certain > 0 && self.wait.look.skips() {
            return;
        }
        let started_ns = self.now_ns();
        let blocked_ns = BLOCKED_NS.saturating_add(self.wait.quirks.report_cost_ns(asked));
        if budget != Budget::Zero && elapsed_ns != u64::MAX && elapsed_ns > blocked_ns {
            self.wait.look.put_off(started_ns);
        }
        let in_part = !few && certain > 0 && started_ns < self.wait.look.due_ns;
        if in_part && (writes == 0 || writes > FEW_WRITES) {
            // They stay armed, and there is enough to do meanwhile.
            return;
        }
        self.gather_candidates(written, in_part);
        let before = self.wait.found.len();
        let candidates = std::mem::take(&mut self.wait.look.candidates);
        for labels in candidates.chunks(GROUP) {
            let (group, len) = self.describe(labels);
            if len > 0 {
                self.look_at(&group[..len]);
            }
        }
        let none = certain == 0 && self.wait.found.len() == before;
        if none
            && candidates
                .first()
                .is_some_and(|label| self.is_blind(*label))
        {
            self.believe(written);
        }
        if self.wait.found.len() - before < candidates.len() {
            self.wait.quirks.cries_wolf = Some(true);
            self.wait.quirks.some_took(timeout_ns, elapsed_ns);
        }
        self.wait.look.candidates = candidates;
        if !in_part {
            let ended_ns = self.now_ns();
            self.wait.look.done(started_ns, ended_ns);
        }
    }

    /// Whether the host, which reported a source and in a second look none, sees none in a call
    /// that does not block (uvwasi). Otherwise it was the source that changed.
    #[cold]
    fn is_blind(&mut self, label: u64) -> bool {
        let (group, len) = self.describe(&[label]);
        let one = &group[..len];
        len > 0 && self.probe(one, MS) == Ok(1) && self.probe(one, 0) == Ok(0)
    }

    /// Takes the whole answer for true, from now on: a host that is blind waits
    /// for all sources, and so reports all when all are ready.
    #[cold]
    fn believe(&mut self, written: usize) {
        let wait = &mut *self.wait;
        wait.quirks.cries_wolf = Some(false);
        let answers = &wait.answers[..written.min(wait.answers.len())];
        wait.found
            .extend(answers.iter().filter(|event| is_ambiguous(event)));
    }

    /// How many answers say no more than "perhaps", and how many of those are about writing.
    fn count_doubtful(&self, written: usize) -> (usize, usize) {
        let answers = &self.wait.answers[..written.min(self.wait.answers.len())];
        let doubtful = answers.iter().filter(|event| is_ambiguous(event));
        doubtful.fold((0, 0), |(all, writes), event| {
            (all + 1, writes + usize::from(event.kind == FD_WRITE))
        })
    }

    fn gather_candidates(&mut self, written: usize, writes_only: bool) {
        let wait = &mut *self.wait;
        let answers = &wait.answers[..written.min(wait.answers.len())];
        let candidates = answers.iter().filter(|event| {
            event.target().is_some()
                && is_ambiguous(event)
                && (event.kind == FD_WRITE || !writes_only)
        });
        wait.look.candidates.clear();
        wait.look
            .candidates
            .extend(candidates.map(|event| event.userdata));
    }

    /// The subscriptions behind at most [`GROUP`] labels, without those that are gone.
    fn describe(&self, labels: &[u64]) -> ([Subscription; GROUP], usize) {
        let mut group = [Subscription::clock(); GROUP];
        let state = self.shared.lock();
        let known = labels.iter().filter_map(|label| {
            let (key, direction) = Key::from_userdata(*label);
            // What was not asked about is not asked about again, whatever the host says.
            if !state.sources.is_armed(key, direction) {
                return None;
            }
            let fd = state.sources.get(key)?.source;
            Some(Subscription::descriptor(fd, key, direction))
        });
        let mut len = 0;
        for (place, one) in group.iter_mut().zip(known) {
            *place = one;
            len += 1;
        }
        (group, len)
    }

    /// Asks about a group, and if one of it is ready about each alone.
    fn look_at(&mut self, group: &[Subscription]) {
        let Ok(reported) = self.probe(group, 0) else {
            return;
        };
        if reported == 0 {
            return;
        }
        let answers = std::mem::take(&mut self.wait.look.answers);
        for event in answers.iter().take(reported) {
            if group.len() == 1 || !is_ambiguous(event) {
                self.wait.found.push(*event);
            }
        }
        let ambiguous = group.len() > 1 && answers.iter().take(reported).any(is_ambiguous);
        self.wait.look.answers = answers;
        if ambiguous {
            for one in group {
                let known = |event: &Event| event.userdata == one.userdata;
                if !self.wait.found.iter().rev().take(group.len()).any(known) {
                    self.look_at(std::slice::from_ref(one));
                }
            }
        }
    }

    /// Asks about a few sources, for `timeout_ns` or as good as without blocking. The answers,
    /// the clock's left out, are the first in `look.answers`.
    fn probe(&mut self, group: &[Subscription], timeout_ns: u64) -> Result<usize, Errno> {
        let look = &mut self.wait.look;
        let mut clock = Subscription::clock();
        clock.set_timeout_ns(timeout_ns.max(u64::from(!self.wait.quirks.zero_is_zero)));
        look.probe.clear();
        look.probe.push(clock);
        look.probe.extend_from_slice(group);
        if look.answers.len() < look.probe.len() {
            look.answers.resize(GROUP + 1, Event::ZERO);
        }
        let host = &self.shared.host;
        let written = host.poll_oneoff(&look.probe, &mut look.answers)?;
        let mut reported = 0;
        for place in 0..written.min(look.answers.len()) {
            if !look.answers[place].is_clock() {
                look.answers.swap(reported, place);
                reported += 1;
            }
        }
        Ok(reported)
    }

    /// Waits in pieces, on a host that does not take all sources at once: first a
    /// look at each piece, then a short wait on one of them in turn.
    #[cold]
    fn ask_in_pieces(&mut self, part: Part, limit: usize, budget: Budget) -> io::Result<()> {
        let before = self.wait.found.len();
        let pieces = self.wait.order.pieces(part, limit);
        let mut count = 0;
        for piece in pieces {
            self.ask_piece(piece, Budget::Zero)?;
            count += 1;
        }
        if self.wait.found.len() > before || budget == Budget::Zero {
            return Ok(());
        }
        let turn = self.wait.next_piece % count;
        self.wait.next_piece = turn + 1;
        let patience_ns = LOOK_EVERY_NS << self.round.min(3);
        match self.wait.order.pieces(part, limit).nth(turn) {
            Some(piece) => self.ask_piece(piece, budget.min_ns(patience_ns)),
            None => Ok(()),
        }
    }

    fn ask_piece(&mut self, piece: Range<usize>, budget: Budget) -> io::Result<()> {
        let asked = piece.len();
        let timeout_ns = self.timeout_ns(asked, budget);
        let wait = &mut *self.wait;
        wait.order.clock_mut().set_timeout_ns(timeout_ns);
        if wait.answers.len() <= asked {
            wait.answers.resize(asked + 1, Event::ZERO);
        }
        let host = &self.shared.host;
        let answers = &mut wait.answers;
        let result = wait.order.with_piece(piece.clone(), |subscriptions| {
            host.poll_oneoff(subscriptions, answers)
        });
        match result {
            Ok(written) => {
                self.sift(written, asked, budget, timeout_ns, u64::MAX);
                Ok(())
            }
            Err(Errno::INTR) => Ok(()),
            Err(Errno::INVAL | Errno::NOMEM) if asked > 1 && asked <= MANY => {
                if self.isolate(Errno::INVAL, piece).is_ok() {
                    // It was not the number, here. Perhaps it never was.
                    self.wait.quirks.limit = usize::MAX;
                } else {
                    self.wait.quirks.halve_limit(asked);
                }
                Ok(())
            }
            // The next round has smaller pieces.
            Err(Errno::TOO_BIG | Errno::INVAL | Errno::NOMEM) if asked > 1 => {
                self.wait.quirks.halve_limit(asked);
                Ok(())
            }
            Err(errno) => self.isolate(errno, piece),
        }
    }

    /// What to do when the whole call failed.
    #[cold]
    fn recover(
        &mut self,
        errno: Errno,
        part: Part,
        asked: usize,
        budget: Budget,
    ) -> io::Result<()> {
        match errno {
            Errno::INTR => {
                self.asked_ns = 0;
                Ok(())
            }
            Errno::TOO_BIG | Errno::INVAL | Errno::NOMEM if asked > MANY => {
                self.wait.quirks.halve_limit(asked);
                self.ask_in_pieces(part, self.wait.quirks.limit, budget)
            }
            Errno::INVAL | Errno::TOO_BIG | Errno::NOMEM if asked > 1 => {
                if self.isolate(errno, self.wait.order.places(part)).is_err() {
                    // No source is to blame: it is the number.
                    self.wait.quirks.halve_limit(asked);
                    return self.ask_in_pieces(part, self.wait.quirks.limit, budget);
                }
                Ok(())
            }
            errno => self.isolate(errno, self.wait.order.places(part)),
        }
    }

    /// Finds the sources that made a call fail, and reports each to its own owner.
    #[cold]
    fn isolate(&mut self, errno: Errno, places: Range<usize>) -> io::Result<()> {
        let before = self.wait.found.len();
        let group: Vec<Subscription> = {
            let state = self.shared.lock();
            let owners = self.wait.order.owners(places).iter();
            owners
                .filter_map(|owner| state.sources.subscription(*owner))
                .map(|(fd, key, direction)| Subscription::descriptor(fd, key, direction))
                .collect()
        };
        for one in &group {
            if let Err(errno) = self.shared.host.fdstat(one.fd()) {
                self.wait.found.push(one.failed(errno));
            }
        }
        if self.wait.found.len() == before {
            for one in &group {
                if let Err(errno) = self.probe(std::slice::from_ref(one), 0) {
                    self.wait.found.push(one.failed(errno));
                }
            }
        }
        if self.wait.found.len() == before {
            return Err(errno.into());
        }
        Ok(())
    }
}

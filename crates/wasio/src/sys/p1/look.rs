//! The calls of a wait, and what the answers are worth.
//!
//! wasi-common (wasmtime up to 46, wasmi) reports *every* source as ready when any
//! is. There an answer is believed if it says more than "ready" (more than one byte,
//! a hang-up, an error); the rest is asked about again without blocking, in groups and then one by
//! one, where the answer of that host is exact. What was not found ready stays armed.

use std::io;

use super::abi::{Errno, Event, FD_WRITE, Subscription};
use super::deliver::{Heard, hear, is_ambiguous};
use super::host::Host;
use super::quirks::LONGEST_WAIT_NS;
use super::wait::{Budget, Turn, Wait};
use crate::portable::{Key, Loan, Part};

/// How many sources a second look takes together: 1.5 µs a call and 0.2 µs a source
/// make a thousand cost 0.3 ms, where each alone would cost 1.7 ms.
const GROUP: usize = 16;
/// How many cold sources a look is at: 20 to 30 µs.
pub(super) const PIECE: usize = 100;
/// So few directions to write to are looked at without delay.
const FEW_WRITES: usize = 4;
/// A call that took so much longer than its answer costs has blocked.
const BLOCKED_NS: u64 = 15_000;
const MS: u64 = 1_000_000;
/// With so few sources one look in so many is taken while there is other work.
const FEW: usize = 8;
const FEW_SKIPS: u8 = 16;
/// With so many, fewer looks are left out, as each poll takes longer. Beside more a clock costs
/// nothing.
pub(super) const SOME: usize = 64;
const SOME_SKIPS: u8 = 8;
/// The shortest time between looks that find other work waiting.
pub(super) const LOOK_EVERY_NS: u64 = MS;

/// Buffers of the second look, and when the next is due.
pub(super) struct Look {
    /// The labels of what was reported and is not believed yet.
    candidates: Vec<u64>,
    /// The array and the answers of a look's own calls. The clock comes first.
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
    pub(super) fn new() -> Self {
        Self {
            candidates: Vec::new(),
            probe: vec![Subscription::clock()],
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
    const fn skips(&mut self, asked: usize) -> bool {
        let every = if asked <= FEW { FEW_SKIPS } else { SOME_SKIPS };
        self.skipped = (self.skipped + 1) % every;
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

/// The answer to one call.
pub(super) struct Answer {
    pub(super) heard: Heard,
    /// The events that the host wrote.
    pub(super) written: usize,
    /// The slots it was asked about.
    pub(super) asked: usize,
    pub(super) budget: Budget,
    pub(super) timeout_ns: u64,
    /// How long it took; `u64::MAX` if that was not measured.
    pub(super) elapsed_ns: u64,
}

/// Makes room for so many answers, no more and no less.
#[inline(never)]
fn make_room(answers: &mut Vec<Event>, len: usize) {
    answers.resize(len, Event::ZERO);
}

impl Wait {
    /// The records of the last answer.
    pub(super) fn records(&self, written: usize) -> &[Event] {
        &self.answers[..written.min(self.answers.len())]
    }

    /// Makes one call about `asked` sources.
    #[inline(never)]
    pub(super) fn call<H: Host>(
        &mut self,
        host: &H,
        loan: &Loan,
        asked: usize,
        timeout_ns: u64,
    ) -> Result<usize, Errno> {
        if self.answers.len() <= asked {
            make_room(&mut self.answers, asked + 1);
        }
        self.order.clock_mut().set_timeout_ns(timeout_ns);
        let answers = &mut self.answers;
        self.order.lend(loan, |subscriptions| {
            host.poll_oneoff(subscriptions, answers)
        })
    }

    /// Keeps what the caller has no room for.
    #[cold]
    fn keep_rest(&mut self, heard: &mut Heard, written: usize, asked: usize) {
        let doubts = self.quirks.doubts(asked);
        for event in &self.answers[heard.heard..written.min(self.answers.len())] {
            if doubts && is_ambiguous(event) {
                heard.doubtful += 1;
                heard.writes += usize::from(event.kind == FD_WRITE);
            } else if !event.is_clock() {
                self.found.push(*event);
            }
            heard.reported += usize::from(!event.is_clock());
        }
    }

    /// Whether what is doubtful is left alone for now, as there is other work and little doubt.
    pub(super) const fn skips_look(&mut self, asked: usize, heard: &Heard) -> bool {
        let certain = heard.reported - heard.doubtful;
        heard.writes == 0 && asked <= SOME && certain > 0 && self.look.skips(asked)
    }
}

impl<H: Host> Turn<'_, H> {
    /// Waits on a part of the array and returns how many slots were found ready.
    pub(super) fn ask_part(&mut self, part: Part, budget: Budget) -> io::Result<usize> {
        let before = self.heard();
        let asked = self.wait.order.len_of(part);
        if asked == 0 {
            return Ok(0);
        }
        let limit = self.wait.quirks.limit;
        if asked > limit {
            self.ask_in_pieces(part, limit, budget)?;
        } else {
            let timeout_ns = self.timeout_ns(asked, budget);
            if let Err(errno) = self.ask_whole(part, asked, budget, timeout_ns) {
                self.recover(errno, part, asked, budget)?;
            }
        }
        Ok(self.heard() - before)
    }

    /// Looks at the next so many cold sources and returns how many slots were found ready.
    pub(super) fn look_at_cold(&mut self, sources: usize) -> io::Result<usize> {
        if self.wait.quirks.escalates(sources, self.wait.order.cold()) {
            return self.ask_part(Part::Cold, Budget::AtMost(MS));
        }
        let before = self.heard();
        let mut left = sources;
        while left > 0 {
            let limit = left.min(PIECE).min(self.wait.quirks.limit);
            let piece = self.wait.order.next_cold(limit);
            left = left.saturating_sub(piece.len().max(1));
            let timeout_ns = self.wait.quirks.look_timeout_ns();
            self.ask_piece(piece, Budget::Zero, timeout_ns)?;
        }
        Ok(self.heard() - before)
    }

    /// Makes one call about a part of the array, and takes the answer apart.
    pub(super) fn ask_whole(
        &mut self,
        part: Part,
        asked: usize,
        budget: Budget,
        timeout_ns: u64,
    ) -> Result<(), Errno> {
        let started_ns = self.started_ns(asked, budget);
        let wait = &mut *self.wait;
        // A timer costs the host and its processor, and such a wait would only be repeated. A
        // host that was not seen to return for one source might never do so.
        let is_endless = timeout_ns == LONGEST_WAIT_NS && wait.quirks.prompt;
        let loan = if is_endless && part == Part::All {
            wait.order.loan_without_clock()
        } else {
            wait.order.loan_of(part)
        };
        let written = wait.call(&self.shared.host, &loan, asked, timeout_ns)?;
        let elapsed_ns = self.elapsed_ns(started_ns);
        self.sift(written, asked, budget, timeout_ns, elapsed_ns);
        Ok(())
    }

    /// When the call that follows begins, if there is something to learn from how long it takes.
    pub(super) fn started_ns(&self, asked: usize, budget: Budget) -> Option<u64> {
        self.is_timed(asked, budget).then(|| self.now_ns())
    }

    /// How long it took; `u64::MAX` where that was not to be learned.
    pub(super) fn elapsed_ns(&self, started_ns: Option<u64>) -> u64 {
        started_ns.map_or(u64::MAX, |from_ns| self.now_ns().saturating_sub(from_ns))
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
        let doubts = self.wait.quirks.doubts(asked);
        let mut state = self.shared.lock();
        let records = self.wait.records(written);
        let heard = hear(&mut state, self.events, records, doubts);
        drop(state);
        self.learn(&Answer {
            heard,
            written,
            asked,
            budget,
            timeout_ns,
            elapsed_ns,
        });
    }

    /// Takes note of what an answer says of the host, and sees to what is doubtful in it.
    #[inline(never)]
    pub(super) fn learn(&mut self, answer: &Answer) {
        let &Answer {
            written,
            asked,
            budget,
            timeout_ns,
            elapsed_ns,
            ..
        } = answer;
        let mut heard = answer.heard;
        self.told += heard.reported - heard.doubtful;
        let wait = &mut *self.wait;
        if heard.heard < written {
            wait.keep_rest(&mut heard, written, asked);
        }
        let Heard {
            reported, doubtful, ..
        } = heard;
        if H::THREADS {
            wait.quirks.waited(timeout_ns, reported > 0);
        }
        if budget == Budget::Zero {
            wait.quirks.zero_took(timeout_ns, elapsed_ns, reported > 0);
        }
        if reported == 0 {
            self.said_nothing = written == 0 && budget != Budget::Zero;
            return;
        }
        self.asked_ns = 0;
        wait.quirks.report_took(asked, elapsed_ns);
        if reported < asked {
            wait.quirks.cries_wolf = Some(false);
            // A connection that was reset ends a wait of uvwasi that otherwise is for all sources.
            if !wait.quirks.prompt && wait.records(written).iter().all(Event::is_plain) {
                wait.quirks.some_took(timeout_ns, elapsed_ns);
            }
            if doubtful > 0 {
                self.believe(written);
            }
        } else if doubtful > 0 && !self.wait.skips_look(asked, &heard) {
            self.look_again(answer, &heard);
        }
    }

    /// Looks again at what was reported and may not be so.
    fn look_again(&mut self, answer: &Answer, heard: &Heard) {
        let &Answer {
            written,
            asked,
            budget,
            timeout_ns,
            elapsed_ns,
            ..
        } = answer;
        let &Heard {
            reported,
            doubtful,
            writes,
            ..
        } = heard;
        let certain = reported - doubtful;
        let few = writes == 0 && asked <= FEW;
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
            self.look_at(labels);
        }
        // Beside certain ones only while nothing is known, as that waits for a millisecond.
        let may_be_blind = certain == 0 || self.wait.quirks.cries_wolf.is_none();
        let none = may_be_blind && self.wait.found.len() == before;
        if none
            && candidates
                .first()
                .is_some_and(|label| self.is_blind(*label))
        {
            // From now on: such a host waits for all sources, and so reports all when all are ready.
            self.wait.quirks.cries_wolf = Some(false);
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
        self.probe_labels(&[label], MS) == Ok(1) && self.probe(0) == Ok(0)
    }

    /// Takes the whole answer for true.
    #[cold]
    fn believe(&mut self, written: usize) {
        let wait = &mut *self.wait;
        for event in wait.answers.iter().take(written) {
            if is_ambiguous(event) {
                wait.found.push(*event);
            }
        }
    }

    fn gather_candidates(&mut self, written: usize, writes_only: bool) {
        let wait = &mut *self.wait;
        let candidates = wait.answers[..written.min(wait.answers.len())]
            .iter()
            .filter(|event| {
                event.target().is_some()
                    && is_ambiguous(event)
                    && (event.kind == FD_WRITE || !writes_only)
            });
        wait.look.candidates.clear();
        wait.look
            .candidates
            .extend(candidates.map(|event| event.userdata));
    }

    /// Asks about a group, and if one of it is ready about each alone.
    fn look_at(&mut self, labels: &[u64]) {
        let Ok(reported) = self.probe_labels(labels, 0) else {
            return;
        };
        let alone = labels.len() == 1;
        let mut ambiguous = false;
        for place in 0..reported {
            let event = self.wait.look.answers[place];
            if alone || !is_ambiguous(&event) {
                self.wait.found.push(event);
            } else {
                ambiguous = true;
            }
        }
        if ambiguous {
            for label in labels {
                let known = |event: &Event| event.userdata == *label;
                if !self.wait.found.iter().rev().take(labels.len()).any(known) {
                    self.look_at(std::slice::from_ref(label));
                }
            }
        }
    }

    /// Asks about the sources behind a few labels, without those that are gone.
    pub(super) fn probe_labels(&mut self, labels: &[u64], timeout_ns: u64) -> Result<usize, Errno> {
        self.wait.look.probe.truncate(1);
        let mut state = self.shared.lock();
        for label in labels {
            let (key, direction) = Key::from_userdata(*label);
            let probe = &mut self.wait.look.probe;
            // What was not asked about is not asked about again, whatever the host says, and
            // nothing twice.
            if let Some(armed) = state.sources.armed(key, direction)
                && probe.iter().all(|one| one.userdata != *label)
            {
                probe.push(Subscription::descriptor(armed.source(), key, direction));
            }
        }
        drop(state);
        self.probe(timeout_ns)
    }

    /// Asks about what stands behind the clock in `look.probe`, for `timeout_ns` or as good as
    /// without blocking. The answers, the clock's left out, are the first in `look.answers`.
    #[inline(never)]
    fn probe(&mut self, timeout_ns: u64) -> Result<usize, Errno> {
        let look = &mut self.wait.look;
        let (clock, group) = look.probe.split_first_mut().ok_or(Errno::INVAL)?;
        if group.is_empty() {
            return Ok(0);
        }
        clock.set_timeout_ns(timeout_ns.max(u64::from(!self.wait.quirks.zero_is_zero)));
        make_room(&mut look.answers, look.probe.len());
        let written = (self.shared.host).poll_oneoff(&look.probe, &mut look.answers)?;
        look.answers.truncate(written);
        if let Some(place) = look.answers.iter().position(Event::is_clock) {
            look.answers.swap_remove(place);
        }
        Ok(look.answers.len())
    }
}

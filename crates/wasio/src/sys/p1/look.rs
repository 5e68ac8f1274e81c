//! The calls of a wait, and what the answers are worth.
//!
//! wasi-common (wasmtime up to 46, wasmi) reports *every* source as ready when any
//! is. There an answer is believed if it says more than "ready" (more than one byte,
//! a hang-up, an error); the rest is asked about again without blocking, in groups and then one by
//! one, where the answer of that host is exact. What was not found ready stays armed.

use std::io;

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

/// What an answer holds that may not be so.
#[derive(Copy, Clone)]
struct Doubt {
    /// The events that the host wrote.
    written: usize,
    /// The slots it was asked about.
    asked: usize,
    /// The events that need no second look.
    certain: usize,
    /// The others that are about writing.
    writes: usize,
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
        let before = self.heard();
        let asked = self.wait.order.len_of(part);
        if asked == 0 {
            return Ok(0);
        }
        let limit = self.wait.quirks.limit_of(part, budget);
        if asked > limit {
            self.ask_in_pieces(part, limit, budget)?;
        } else if let Err(errno) = self.ask_whole(part, asked, budget) {
            self.recover(errno, part, asked, budget)?;
        }
        Ok(self.heard() - before)
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
        let doubts = asked > 1 && self.wait.quirks.cries_wolf != Some(false);
        let (mut certain, mut doubtful, mut writes) = (0, 0, 0);
        let shared = self.shared;
        let mut state = shared.lock();
        for place in 0..written {
            let Some(event) = self.wait.answers.get(place) else {
                break;
            };
            if event.is_clock() {
                continue;
            }
            if doubts && is_ambiguous(event) {
                doubtful += 1;
                writes += usize::from(event.kind == FD_WRITE);
            } else {
                certain += 1;
                let event = *event;
                self.hear(&mut state, &event);
            }
        }
        drop(state);
        let reported = certain + doubtful;
        let wait = &mut *self.wait;
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
            wait.quirks.some_took(timeout_ns, elapsed_ns);
            if doubtful > 0 {
                self.believe(written);
            }
        } else if doubtful > 0 {
            let doubt = Doubt {
                written,
                asked,
                certain,
                writes,
            };
            self.second_look(doubt, budget, timeout_ns, elapsed_ns);
        }
    }

    /// Looks again at what was reported and may not be so.
    fn second_look(&mut self, doubt: Doubt, budget: Budget, timeout_ns: u64, elapsed_ns: u64) {
        let few = doubt.writes == 0 && doubt.asked <= FEW;
        if few && doubt.certain > 0 && self.wait.look.skips() {
            return;
        }
        self.look_again(doubt, few, budget, timeout_ns, elapsed_ns);
    }

    fn look_again(
        &mut self,
        doubt: Doubt,
        few: bool,
        budget: Budget,
        timeout_ns: u64,
        elapsed_ns: u64,
    ) {
        let Doubt {
            written,
            asked,
            certain,
            writes,
        } = doubt;
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
        let none = certain == 0 && self.wait.found.len() == before;
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
            // What was not asked about is not asked about again, whatever the host says.
            if let Some(armed) = state.sources.armed(key, direction) {
                let one = Subscription::descriptor(armed.source(), key, direction);
                self.wait.look.probe.push(one);
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
        look.answers.resize(look.probe.len(), Event::ZERO);
        let written = (self.shared.host).poll_oneoff(&look.probe, &mut look.answers)?;
        look.answers.truncate(written);
        look.answers.retain(|event| !event.is_clock());
        Ok(look.answers.len())
    }
}

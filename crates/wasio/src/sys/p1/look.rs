//! The calls of a wait, and what the answers are worth.
//!
//! wasi-common (wasmtime up to 46, wasmi) reports *every* source as ready when any
//! is. There an answer is believed if it says more than "ready" (more than one byte,
//! a hang-up, an error); the rest is asked about again without blocking, in groups and then one by
//! one, where the answer of that host is exact. What was not found ready stays armed.

use std::io;

use super::abi::{Errno, Event, FD_WRITE, Subscription};
use super::host::Host;
use super::wait::{Budget, Turn};
use crate::portable::Part;

/// How many sources a second look takes together: 1.5 µs a call and 0.2 µs a source
/// make a thousand cost 0.3 ms, where each alone would cost 1.7 ms.
const GROUP: usize = 16;
/// So few directions to write to are looked at without delay.
const FEW_WRITES: usize = 4;
/// A call that took longer than this, and so much a source, has blocked.
const BLOCKED_NS: u64 = 15_000;
const BLOCKED_PER_SLOT_NS: u64 = 1_000;
/// The shortest time between looks that find other work waiting.
const LOOK_EVERY_NS: u64 = 1_000_000;
/// An `inval` for more sources than this is taken for a limit first.
const MANY: usize = 512;

/// Buffers of the second look, and when the next is due.
pub(super) struct Look {
    /// What was reported and is not believed yet.
    candidates: Vec<Subscription>,
    /// The array and the answers of a look's own calls.
    probe: Vec<Subscription>,
    answers: Vec<Event>,
    due_ns: u64,
}

impl Look {
    pub(super) const fn new() -> Self {
        Self {
            candidates: Vec::new(),
            probe: Vec::new(),
            answers: Vec::new(),
            due_ns: 0,
        }
    }
}

/// Whether an answer of a host that cries wolf says no more than "perhaps".
fn is_ambiguous(event: &Event) -> bool {
    event.error == Errno::SUCCESS
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
        if asked > self.wait.quirks.limit {
            self.ask_in_chunks(part, budget)?;
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
        let subscriptions = wait.order.part(part);
        if wait.answers.len() < subscriptions.len() {
            wait.answers.resize(subscriptions.len(), Event::ZERO);
        }
        let host = &self.shared.host;
        let written = host.poll_oneoff(subscriptions, &mut wait.answers)?;
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
                asked > 1 && (!self.wait.quirks.prompt || self.wait.quirks.cries_wolf == Some(true))
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
        quirks.timeout_ns(ns.min(slice_ns))
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
        } else if reported == 0 {
            wait.quirks.clock_took(timeout_ns, elapsed_ns);
        }
        if reported == 0 {
            return;
        }
        if reported < asked {
            wait.quirks.cries_wolf = Some(false);
            wait.quirks.some_took(timeout_ns, elapsed_ns);
        }
        let doubtful = asked > 1 && wait.quirks.cries_wolf != Some(false);
        let believed = |event: &&Event| !event.is_clock() && !(doubtful && is_ambiguous(event));
        let before = wait.found.len();
        wait.found.extend(answers.iter().filter(believed));
        if doubtful {
            let certain = wait.found.len() - before;
            self.second_look(written, certain, budget, timeout_ns, elapsed_ns);
        }
    }

    /// Looks again at what was reported and may not be so.
    fn second_look(
        &mut self,
        written: usize,
        certain: usize,
        budget: Budget,
        timeout_ns: u64,
        elapsed_ns: u64,
    ) {
        self.gather_candidates(written);
        let candidates = &self.wait.look.candidates;
        if candidates.is_empty() {
            return;
        }
        let started_ns = self.now_ns();
        let blocked_ns = BLOCKED_NS + BLOCKED_PER_SLOT_NS * candidates.len() as u64;
        if budget != Budget::Zero && elapsed_ns != u64::MAX && elapsed_ns > blocked_ns {
            // Nothing was ready when it began: what is doubtful now is not old.
            let due_ns = started_ns.saturating_add(LOOK_EVERY_NS);
            self.wait.look.due_ns = self.wait.look.due_ns.max(due_ns);
        }
        let writes = candidates.iter().filter(|one| one.is_write()).count();
        if certain > 0 && started_ns < self.wait.look.due_ns {
            // They stay armed, and there is enough to do meanwhile.
            if writes == 0 || writes > FEW_WRITES {
                return;
            }
            self.wait.look.candidates.retain(Subscription::is_write);
        }
        let looked_at = self.wait.look.candidates.len();
        let before = self.wait.found.len();
        let candidates = std::mem::take(&mut self.wait.look.candidates);
        for group in candidates.chunks(GROUP) {
            self.look_at(group);
        }
        self.wait.look.candidates = candidates;
        if self.wait.found.len() - before < looked_at {
            self.wait.quirks.cries_wolf = Some(true);
            self.wait.quirks.some_took(timeout_ns, elapsed_ns);
        }
        let ended_ns = self.now_ns();
        let cost_ns = ended_ns.saturating_sub(started_ns);
        self.wait.look.due_ns = ended_ns.saturating_add(LOOK_EVERY_NS.max(cost_ns * 4));
    }

    fn gather_candidates(&mut self, written: usize) {
        let state = self.shared.lock();
        let wait = &mut *self.wait;
        let answers = &wait.answers[..written.min(wait.answers.len())];
        wait.look.candidates.clear();
        for event in answers.iter().filter(|event| is_ambiguous(event)) {
            let Some((key, direction)) = event.target() else {
                continue;
            };
            if let Some(source) = state.sources.get(key) {
                let one = Subscription::descriptor(source.source, key, direction);
                wait.look.candidates.push(one);
            }
        }
    }

    /// Asks about a group, and if one of it is ready about each alone.
    fn look_at(&mut self, group: &[Subscription]) {
        let Ok(reported) = self.probe(group) else {
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

    /// Asks about a few sources without blocking. The answers, the clock's left
    /// out, are the first in `look.answers`.
    fn probe(&mut self, group: &[Subscription]) -> Result<usize, Errno> {
        let look = &mut self.wait.look;
        let mut clock = Subscription::clock();
        clock.set_timeout_ns(u64::from(!self.wait.quirks.zero_is_zero));
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
    fn ask_in_chunks(&mut self, part: Part, budget: Budget) -> io::Result<()> {
        let hot = self.wait.order.hot();
        let slots = match part {
            Part::Hot => 0..hot,
            Part::Cold => hot..self.wait.order.len(),
            Part::All => 0..self.wait.order.len(),
        };
        let before = self.wait.found.len();
        let limit = self.wait.quirks.limit;
        let mut start = slots.start;
        while start < slots.end {
            let end = slots.end.min(start + limit);
            self.ask_chunk(start..end, Budget::Zero)?;
            start = end;
        }
        if self.wait.found.len() > before || budget == Budget::Zero {
            return Ok(());
        }
        let turn = self.wait.next_chunk % slots.len().div_ceil(limit);
        self.wait.next_chunk = turn + 1;
        let start = slots.start + turn * limit;
        let patience_ns = LOOK_EVERY_NS << self.round.min(3);
        self.ask_chunk(
            start..slots.end.min(start + limit),
            budget.min_ns(patience_ns),
        )
    }

    fn ask_chunk(&mut self, chunk: std::ops::Range<usize>, budget: Budget) -> io::Result<()> {
        let asked = chunk.len();
        let timeout_ns = self.timeout_ns(asked, budget);
        let wait = &mut *self.wait;
        wait.order.clock_mut().set_timeout_ns(timeout_ns);
        if wait.answers.len() <= asked {
            wait.answers.resize(asked + 1, Event::ZERO);
        }
        let host = &self.shared.host;
        let answers = &mut wait.answers;
        let result = wait.order.with_chunk(chunk.clone(), |subscriptions| {
            host.poll_oneoff(subscriptions, answers)
        });
        match result {
            Ok(written) => {
                self.sift(written, asked, budget, timeout_ns, u64::MAX);
                Ok(())
            }
            Err(Errno::INTR) => Ok(()),
            // The next round has smaller pieces.
            Err(Errno::TOO_BIG | Errno::INVAL | Errno::NOMEM) if asked > 1 => {
                self.wait.quirks.halve_limit(asked);
                Ok(())
            }
            Err(errno) => self.isolate(errno, Part::All),
        }
    }

    /// What to do when the whole call failed.
    fn recover(
        &mut self,
        errno: Errno,
        part: Part,
        asked: usize,
        budget: Budget,
    ) -> io::Result<()> {
        match errno {
            Errno::INTR => Ok(()),
            Errno::TOO_BIG | Errno::INVAL | Errno::NOMEM if asked > MANY => {
                self.wait.quirks.halve_limit(asked);
                self.ask_in_chunks(part, budget)
            }
            Errno::INVAL | Errno::TOO_BIG | Errno::NOMEM if asked > 1 => {
                if self.isolate(errno, part).is_err() {
                    // No source is to blame: it is the number.
                    self.wait.quirks.halve_limit(asked);
                    return self.ask_in_chunks(part, budget);
                }
                Ok(())
            }
            errno => self.isolate(errno, part),
        }
    }

    /// Finds the sources that made a call fail, and reports each to its own owner.
    fn isolate(&mut self, errno: Errno, part: Part) -> io::Result<()> {
        let before = self.wait.found.len();
        let group: Vec<Subscription> = {
            let state = self.shared.lock();
            let owners = self.wait.order.owners(part).iter();
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
                if let Err(errno) = self.probe(std::slice::from_ref(one)) {
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

//! What the answers of a host that over-reports are worth.
//!
//! wasi-common (wasmtime up to 46, wasmi) reports *every* source as ready when any is. There an
//! answer is believed if it says more than "ready" (more than one byte, a hang-up, an error). The
//! rest is polled again without blocking, in groups and then one by one, where the answer of that
//! host is exact. What was not confirmed stays armed.

use super::abi::{Errno, Event, FD_WRITE, Subscription};
use super::host::Host;
use super::wait::{Answer, Wait, Waiter};
use crate::portable::Key;

/// How many sources are verified together: 1.5 µs per call and 0.2 µs per source make a thousand cost
/// 0.3 ms, where each alone would cost 1.7 ms.
const GROUP: usize = 16;
/// So few directions to write to are looked at without delay.
const FEW_WRITES: usize = 4;
/// A call that took so much longer than its answer costs has blocked.
const BLOCKED_NS: u64 = 15_000;
const MS: u64 = 1_000_000;
/// With so few sources one look in so many is taken while there is other work.
pub(super) const FEW: usize = 8;
const FEW_SKIPS: u8 = 16;
/// With so many, fewer looks are left out, as each poll takes longer. Beside more a clock costs
/// nothing.
const SOME: usize = 64;
const SOME_SKIPS: u8 = 8;
/// The shortest time between looks that find other work waiting.
pub(super) const VERIFY_EVERY_NS: u64 = MS;

/// Buffers of the second look, and when the next is due.
pub(super) struct Verify {
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

impl Verify {
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

    fn put_off(&mut self, now_ns: u64) {
        let since_ns = *self.doubt_since_ns.get_or_insert(now_ns);
        self.due_ns = self.due_ns.max(since_ns.saturating_add(VERIFY_EVERY_NS));
    }

    const fn skips(&mut self, asked: usize) -> bool {
        let every = if asked <= FEW { FEW_SKIPS } else { SOME_SKIPS };
        self.skipped = (self.skipped + 1) % every;
        self.skipped != 0
    }

    pub(super) const fn take_spent_ns(&mut self) -> u64 {
        std::mem::replace(&mut self.spent_ns, 0)
    }

    fn done(&mut self, started_ns: u64, ended_ns: u64) {
        let cost_ns = ended_ns.saturating_sub(started_ns);
        self.spent_ns = self.spent_ns.saturating_add(cost_ns);
        self.due_ns = ended_ns.saturating_add(VERIFY_EVERY_NS.max(cost_ns * 4));
        self.doubt_since_ns = None;
    }
}

/// Whether a record of a host that over-reports says no more than "perhaps".
pub(super) fn is_ambiguous(event: &Event) -> bool {
    (event.nbytes <= 1 || event.kind == FD_WRITE)
        && event.error == Errno::SUCCESS
        && !event.is_hangup()
        && !event.is_clock()
}

impl Wait {
    /// Whether what is ambiguous is left alone for now, as there is other work and little doubt.
    pub(super) const fn skips_verifying(&mut self, answer: &Answer) -> bool {
        let certain = answer.reported - answer.unverified;
        answer.unverified_writes == 0
            && answer.call.slots <= SOME
            && certain > 0
            && self.verify.skips(answer.call.slots)
    }
}

impl<H: Host> Waiter<'_, H> {
    /// Looks again at what was reported and may not be so.
    pub(super) fn verify(&mut self, answer: &Answer) {
        let Answer {
            written,
            reported,
            unverified,
            unverified_writes: writes,
            elapsed_ns,
            call,
        } = *answer;
        let certain = reported - unverified;
        let few = writes == 0 && call.slots <= FEW;
        let started_ns = self.now_ns();
        let blocked_ns = BLOCKED_NS.saturating_add(self.wait.quirks.report_cost_ns(call.slots));
        if !call.is_poll && elapsed_ns != u64::MAX && elapsed_ns > blocked_ns {
            self.wait.verify.put_off(started_ns);
        }
        let in_part = !few && certain > 0 && started_ns < self.wait.verify.due_ns;
        if in_part && (writes == 0 || writes > FEW_WRITES) {
            // They stay armed, and there is enough to do meanwhile.
            return;
        }
        self.gather_candidates(written, in_part);
        let before = self.ready.len();
        let candidates = std::mem::take(&mut self.wait.verify.candidates);
        for labels in candidates.chunks(GROUP) {
            self.look_at(labels);
        }
        // Beside certain ones only while nothing is known, as that waits for a millisecond.
        let may_be_blind = certain == 0 || self.wait.quirks.reports_all.is_none();
        let none = may_be_blind && self.ready.len() == before;
        if none
            && candidates
                .first()
                .is_some_and(|label| self.is_blind(*label))
        {
            // From now on: such a host waits for all sources, and so reports all when all are ready.
            self.wait.quirks.reports_all = Some(false);
            self.believe(written);
        }
        if self.ready.len() - before < candidates.len() {
            self.wait.quirks.reports_all = Some(true);
            (self.wait.quirks).some_took(call.timeout_ns, elapsed_ns);
        }
        self.wait.verify.candidates = candidates;
        if !in_part {
            let ended_ns = self.now_ns();
            self.wait.verify.done(started_ns, ended_ns);
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
    pub(super) fn believe(&mut self, written: usize) {
        let answers = &self.wait.answers[..written];
        self.ready
            .extend(answers.iter().filter(|event| is_ambiguous(event)));
    }

    fn gather_candidates(&mut self, written: usize, writes_only: bool) {
        let wait = &mut *self.wait;
        let candidates = wait.answers[..written].iter().filter(|event| {
            event.target().is_some()
                && is_ambiguous(event)
                && (event.kind == FD_WRITE || !writes_only)
        });
        wait.verify.candidates.clear();
        wait.verify
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
            let event = self.wait.verify.answers[place];
            if alone || !is_ambiguous(&event) {
                self.ready.push(event);
            } else {
                ambiguous = true;
            }
        }
        if ambiguous {
            for label in labels {
                let known = |event: &Event| event.userdata == *label;
                if !self.ready.iter().rev().take(labels.len()).any(known) {
                    self.look_at(std::slice::from_ref(label));
                }
            }
        }
    }

    /// Asks about the sources behind a few labels, without those that are gone.
    pub(super) fn probe_labels(&mut self, labels: &[u64], timeout_ns: u64) -> Result<usize, Errno> {
        self.wait.verify.probe.truncate(1);
        let state = self.shared.lock();
        for label in labels {
            let (key, direction) = Key::from_userdata(*label);
            let probe = &mut self.wait.verify.probe;
            // What was not asked about is not asked about again, whatever the host says, and
            // nothing twice.
            if let Some(one) = state.registrations.get(key)
                && one.armed.contains(direction)
                && probe.iter().all(|one| one.userdata != *label)
            {
                probe.push(Subscription::descriptor(one.source, key, direction));
            }
        }
        drop(state);
        self.probe(timeout_ns)
    }

    /// Asks about what stands behind the clock in `look.probe`, for `timeout_ns` or as good as
    /// without blocking. The answers, the clock's left out, are the first in `look.answers`.
    #[inline(never)]
    fn probe(&mut self, timeout_ns: u64) -> Result<usize, Errno> {
        let host = &self.shared.backend.host;
        let verify = &mut self.wait.verify;
        let (clock, group) = verify.probe.split_first_mut().ok_or(Errno::INVAL)?;
        if group.is_empty() {
            return Ok(0);
        }
        clock.set_timeout_ns(timeout_ns.max(u64::from(!self.wait.quirks.zero_is_zero)));
        verify.answers.resize(verify.probe.len(), Event::ZERO);
        let written = host.poll_oneoff(&verify.probe, &mut verify.answers)?;
        verify.answers.truncate(written);
        if let Some(place) = verify.answers.iter().position(Event::is_clock) {
            verify.answers.swap_remove(place);
        }
        Ok(verify.answers.len())
    }
}

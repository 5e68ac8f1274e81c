//! A wait of the host: one call, or as many as the host makes necessary.

use std::io;
use std::ops::Range;
use std::time::Duration;

use super::abi::{Errno, Event, Subscription};
use super::answer::{Answer, Call};
use super::backend::P1;
use super::host::Host;
use super::waiter::{Wait, Waiter};
use crate::portable::hot_cold::{self, CHUNK, Part, Parts, Policy, Window};
use crate::portable::{LONGEST_WAIT_NS, Until, WaitCall};

const MS: u64 = 1_000_000;
/// Back-off after a wait that returned no events at all, the clock's included: the initial delay, and
/// the number of doublings. Some hosts return at once, each time, for a connection that the peer reset.
const NO_ANSWER_PAUSE_NS: u64 = MS;
const NO_ANSWER_DOUBLINGS: u32 = 3;

/// Waits until `call.until`.
///
/// There is a fast path for a wait without a limit on a host about which there is nothing left to
/// learn. It spares a third of the instructions of a `select`.
#[inline]
pub(super) fn wait<H: Host>(call: WaitCall<'_, P1<H>>) -> io::Result<()> {
    let WaitCall {
        shared,
        host: wait,
        ready,
        until,
        round,
        ..
    } = call;
    let is_fast =
        !H::THREADS && until == Until::Never && !shared.wake.is_set() && wait.is_settled();
    let written = is_fast.then(|| wait.call_fast(&shared.backend.host));
    if let Some(Ok(written @ 1..)) = written
        && !wait.quirks.doubts(wait.array.len())
    {
        // A clock among them has no registration.
        ready.extend_from_slice(&wait.answers[..written]);
        return Ok(());
    }
    let mut waiter = Waiter {
        shared,
        wait,
        ready,
        round,
        answered_nothing: false,
        is_outdated: false,
    };
    let result = match written {
        Some(written) => waiter.take_up_fast(written),
        None => waiter.wait(until),
    };
    // The next round asks without it.
    if waiter.is_outdated { Ok(()) } else { result }
}

impl Wait {
    /// Whether one call about all sources is all that a wait without a limit needs.
    #[inline]
    fn is_settled(&self) -> bool {
        let slots = self.array.len();
        slots.wrapping_sub(1) < self.quirks.limit.slots()
            && self.quirks.is_settled(slots)
            && slots < self.answers.len()
            && !self.policy.applies(self.array.cold())
    }

    /// Makes the call of the fast path.
    #[inline]
    fn call_fast(&mut self, host: &impl Host) -> Result<usize, Errno> {
        let answers = &mut self.answers[..];
        let written = if self.quirks.prompt {
            (self.array).without_clock(|subscriptions| host.poll_oneoff(subscriptions, answers))
        } else {
            self.array.clock_mut().set_timeout_ns(LONGEST_WAIT_NS);
            host.poll_oneoff(self.array.all(), answers)
        };
        written.map(|written| written.min(self.answers.len()))
    }
}

impl<H: Host> Waiter<'_, H> {
    /// What an answer to the call of the fast path says that is not certain.
    #[inline(never)]
    fn take_up_fast(&mut self, written: Result<usize, Errno>) -> io::Result<()> {
        let call = Call {
            slots: self.wait.array.len(),
            is_poll: false,
            timeout_ns: LONGEST_WAIT_NS,
        };
        match written {
            Ok(written) => {
                self.take_up(call, written, u64::MAX);
                self.pause_if_unanswered(Until::Never)
            }
            Err(errno) => self.recover(errno, Part::All, call, u64::MAX),
        }
    }

    fn wait(&mut self, until: Until) -> io::Result<()> {
        if self.wait.array.len() == 0 {
            return self.sleep(until);
        }
        if self.wait.policy.applies(self.wait.array.cold()) {
            hot_cold::drive(self, until)?;
        } else {
            self.wait_part(Part::All, until, None)?;
        }
        self.pause_if_unanswered(until)
    }

    pub(super) fn now_ns(&self) -> u64 {
        self.host().now_ns()
    }

    pub(super) fn host(&self) -> &H {
        &self.shared.backend.host
    }

    /// Waits with no descriptor to wait for.
    #[cold]
    fn sleep(&mut self, until: Until) -> io::Result<()> {
        let left_ns = self.left_ns(until, None);
        if left_ns == 0 {
            return Ok(());
        }
        if H::THREADS {
            let timeout = (until != Until::Never).then(|| Duration::from_nanos(left_ns));
            self.shared.backend.parker.park(timeout);
            return Ok(());
        }
        if self.is_woken() {
            return Ok(());
        }
        let timeout_ns = self.wait.quirks.timeout_ns(left_ns);
        let mut clock = Subscription::clock();
        clock.set_timeout_ns(timeout_ns);
        let mut answer = [Event::ZERO];
        match self.host().poll_oneoff(&[clock], &mut answer) {
            Ok(_) => self.note_sleep(until, left_ns, timeout_ns),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
        Ok(())
    }

    /// Leaves a host alone for a moment that has returned no event, not even the clock's.
    fn pause_if_unanswered(&mut self, until: Until) -> io::Result<()> {
        if !self.answered_nothing || !self.ready.is_empty() {
            return Ok(());
        }
        let pause_ns = NO_ANSWER_PAUSE_NS << self.round.min(NO_ANSWER_DOUBLINGS);
        let pause = Until::At(self.now_ns().saturating_add(pause_ns));
        self.sleep(until.min(pause))
    }

    /// Whether a wake came that was not reported yet.
    fn is_woken(&self) -> bool {
        self.shared.wake.is_set() && self.shared.lock().waker.is_some()
    }

    /// What is left until `until`. Learns from the last wait if that should have ended later.
    fn left_ns(&mut self, until: Until, now_ns: Option<u64>) -> u64 {
        let slept_until = self.wait.slept_until.take();
        let Until::At(at_ns) = until else {
            return until.left_ns(0);
        };
        let now_ns = now_ns.unwrap_or_else(|| self.now_ns());
        // In this select or in an earlier one, which something else has ended: the host may see no
        // source in a wait that it has rounded down to nothing.
        if slept_until.is_some_and(|until| until > Until::At(now_ns)) {
            self.wait.quirks.coarse = true;
        }
        at_ns.saturating_sub(now_ns)
    }

    /// Notes a wait that nothing but time has ended.
    fn note_sleep(&mut self, until: Until, left_ns: u64, timeout_ns: u64) {
        if until != Until::Never && timeout_ns >= left_ns {
            self.wait.slept_until = Some(until);
        }
    }

    /// The timeout of a call about `slots` slots. `left_ns` is what is left until the wait ends.
    pub(super) fn timeout_ns(&mut self, slots: usize, left_ns: u64) -> u64 {
        // A wake that came since the flag was last read: do not block.
        if left_ns == 0 || self.is_woken() {
            return self.wait.quirks.zero_timeout_ns(1);
        }
        let quirks = &self.wait.quirks;
        let shared = self.shared;
        let sharing =
            (shared.backend).sharing(shared.has_other_handle(), || shared.lock().waker.is_some());
        let slice_ns = quirks.slice_ns(sharing, slots, self.round);
        quirks.timeout_ns(left_ns.min(slice_ns))
    }

    /// Waits on a part of the array and returns how many slots are ready. `now_ns` is the time, if it
    /// is known.
    fn wait_part(&mut self, part: Part, until: Until, now_ns: Option<u64>) -> io::Result<usize> {
        let before = self.ready.len();
        let slots = self.wait.array.len_of(part);
        if slots == 0 {
            return Ok(0);
        }
        let left_ns = self.left_ns(until, now_ns);
        let limit = &mut self.wait.quirks.limit;
        if slots > limit.slots() && !limit.is_tried_again() {
            self.wait_in_chunks(part, left_ns)?;
            return Ok(self.ready.len() - before);
        }
        let call = Call {
            slots,
            is_poll: left_ns == 0,
            timeout_ns: self.timeout_ns(slots, left_ns),
        };
        match self.call_part(part, call, until) {
            Ok(reported) => {
                self.wait.quirks.limit.took(slots, part == Part::All);
                if reported == 0 && !call.is_poll && !self.answered_nothing {
                    self.note_sleep(until, left_ns, call.timeout_ns);
                }
            }
            Err(errno) => self.recover(errno, part, call, left_ns)?,
        }
        Ok(self.ready.len() - before)
    }

    /// Makes one call about a part of the array. Returns how many events were reported.
    fn call_part(&mut self, part: Part, call: Call, until: Until) -> Result<usize, Errno> {
        // A timer costs the host and its processor, and such a wait would only be repeated. A host
        // that was not seen to return for one source might never do so. With a deadline that is
        // further away than the longest wait, there is a clock all the same.
        let has_slices = call.timeout_ns != LONGEST_WAIT_NS;
        let is_endless = until == Until::Never && !has_slices && self.wait.quirks.prompt;
        let window = if is_endless && part == Part::All {
            self.wait.array.window_without_clock()
        } else {
            self.wait.array.window_of(part)
        };
        self.call(&window, call)
    }

    /// Makes one call, and takes up the answer. Returns how many events were reported.
    pub(super) fn call(&mut self, window: &Window, call: Call) -> Result<usize, Errno> {
        let started_ns = self.is_timed(call).then(|| self.now_ns());
        let host = &self.shared.backend.host;
        let wait = &mut *self.wait;
        if wait.answers.len() <= call.slots {
            wait.answers.resize(call.slots + 1, Event::ZERO);
        }
        wait.array.clock_mut().set_timeout_ns(call.timeout_ns);
        let answers = &mut wait.answers;
        let written = (wait.array).with_window(window, |subscriptions| {
            host.poll_oneoff(subscriptions, answers)
        })?;
        let elapsed_ns =
            started_ns.map_or(u64::MAX, |from_ns| self.now_ns().saturating_sub(from_ns));
        Ok(self.take_up(call, written, elapsed_ns))
    }

    /// Appends what an answer says for certain to what is ready, and sees to the rest. Returns how
    /// many events were reported.
    #[inline]
    fn take_up(&mut self, call: Call, written: usize, elapsed_ns: u64) -> usize {
        let (mut reported, mut ambiguous) = (0, 0);
        let doubts = self.wait.quirks.doubts(call.slots);
        let written = written.min(self.wait.answers.len());
        for event in &self.wait.answers[..written] {
            if event.is_clock() {
                continue;
            }
            reported += 1;
            if doubts && event.is_ambiguous() {
                ambiguous += 1;
            } else {
                // Not `push`, which would copy the event twice.
                self.ready.extend_from_slice(std::slice::from_ref(event));
            }
        }
        let is_settled = reported > 0 && !call.is_poll && self.wait.quirks.is_settled(call.slots);
        if !is_settled || ambiguous > 0 {
            let answer = Answer {
                call,
                written,
                reported,
                ambiguous,
                elapsed_ns,
            };
            let verifies = ambiguous > 0 && !self.wait.puts_off_verifying(&answer);
            if !is_settled || verifies {
                self.learn(&answer, verifies);
            }
        }
        reported
    }

    /// Whether there is still something to learn from how long the call takes.
    fn is_timed(&self, call: Call) -> bool {
        if call.is_poll {
            self.wait.quirks.times_zeros(call.slots)
        } else {
            self.wait.quirks.times_waits(call.slots)
        }
    }

    /// Learns from an answer what the host is like, and verifies what is ambiguous in it.
    #[inline(never)]
    fn learn(&mut self, answer: &Answer, verifies: bool) {
        self.wait.quirks.observe(answer);
        self.answered_nothing = answer.written == 0 && !answer.call.is_poll;
        if answer.reported == 0 {
            return;
        }
        if answer.is_blanket() {
            self.excuse(answer.written);
        }
        if answer.reported < answer.call.slots {
            self.wait.quirks.reports_all = Some(false);
            // A connection that was reset ends a wait of uvwasi that otherwise is for all sources.
            let answers = &self.wait.answers[..answer.written];
            if !self.wait.quirks.prompt && answers.iter().all(Event::is_plain) {
                self.wait.quirks.observe_some_ready(answer);
            }
            if answer.ambiguous > 0 {
                self.believe(answer.written);
            }
        } else if verifies {
            self.verify(answer);
        }
    }

    /// Polls or waits on one chunk of the array.
    pub(super) fn call_chunk(&mut self, chunk: Range<usize>, call: Call) -> io::Result<()> {
        let window = self.wait.array.window_of_chunk(&chunk);
        match self.call(&window, call) {
            Ok(_) => Ok(()),
            Err(errno) => self.recover_chunk(errno, chunk),
        }
    }
}

impl<H: Host> Parts for Waiter<'_, H> {
    fn policy(&mut self) -> &mut Policy {
        &mut self.wait.policy
    }

    fn now_ns(&self) -> u64 {
        Waiter::now_ns(self)
    }

    fn lens(&self) -> (usize, usize) {
        (self.wait.array.hot(), self.wait.array.cold())
    }

    fn wait_hot(&mut self, now_ns: u64, until: Until, _is_bound: bool) -> io::Result<usize> {
        self.wait_part(Part::Hot, until, Some(now_ns))
    }

    fn wait_all(&mut self, now_ns: u64, until: Until) -> io::Result<usize> {
        self.wait_part(Part::All, until, Some(now_ns))
    }

    fn sweep(&mut self, sources: usize) -> io::Result<usize> {
        let cold = self.wait.array.cold();
        if self.wait.quirks.escalates(sources, cold) {
            let now_ns = self.now_ns();
            let until = Until::At(now_ns.saturating_add(MS));
            return self.wait_part(Part::Cold, until, Some(now_ns));
        }
        let before = self.ready.len();
        let mut left = sources;
        while left > 0 {
            let limit = left.min(CHUNK).min(self.wait.quirks.limit.slots());
            let chunk = self.wait.array.next_cold(limit);
            left = left.saturating_sub(chunk.len().max(1));
            let call = Call {
                slots: chunk.len(),
                is_poll: true,
                timeout_ns: self.wait.quirks.shortest_ns(),
            };
            self.call_chunk(chunk, call)?;
        }
        Ok(self.ready.len() - before)
    }

    fn hot_wait_cost_ns(&self, sources: usize) -> u64 {
        self.wait.policy.sweep_ns(sources)
    }

    fn full_wait_cost_ns(&self, sources: usize) -> u64 {
        let sweeps = self.wait.quirks.sweeps_per_wait();
        self.wait.policy.sweep_ns(sources).saturating_mul(sweeps)
    }
}

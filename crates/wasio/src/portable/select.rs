//! `select`, once for every backend: report what needs no host, bring the host up to date, wait,
//! deliver what it answered.

use std::io;

use super::found::Found;
use super::waiting::{Kind, Waiting};
use super::{
    Backend, Directions, Doubt, Failure, Key, Notify, Registration, Report, Shared, Source, State,
    Until, WaitCall, Waits,
};
#[cfg(feature = "task")]
use crate::Interest;
use crate::errors::nothing_to_wait_for;
use crate::event::Readiness;
use crate::sys::Record;
use crate::{Events, Mode, Token};

/// How long sources that are always ready are held back if the last poll has reported them:
/// level-triggered, they would make the caller spin. And how soon a source that has resumed must be
/// ready to be one that spins. A little more than a millisecond, below which some hosts report nothing.
const SHORT_WAIT_NS: u64 = 1_100_000;

/// One call of `select`.
pub(super) struct SelectCall<'a, B: Backend> {
    pub(super) shared: &'a Shared<B>,
    pub(super) waiting: &'a mut Waiting<B::Wait, B::Ready>,
    pub(super) events: &'a mut Events,
    pub(super) deadline: Until,
    /// The waits made so far.
    pub(super) round: u32,
    /// Whether the wait of this round is a short one, for what follows or for what has resumed.
    pub(super) is_short: bool,
    /// Whether what is always ready is held back in this round.
    pub(super) holds_back: bool,
}

impl<B: Backend> SelectCall<'_, B> {
    /// Waits until there is an event or the deadline has passed.
    pub(super) fn run(&mut self) -> io::Result<()> {
        while let Some(until) = self.prepare()? {
            let result = B::wait(WaitCall {
                shared: self.shared,
                host: &mut self.waiting.host,
                ready: &mut self.waiting.ready,
                until,
                round: self.round,
                room: self.events.capacity(),
            });
            self.deliver(&mut self.shared.lock());
            // An error does not take the place of events, which would be lost: it comes again.
            if !self.has_events() {
                result?;
            }
            if self.has_events() && !self.is_short {
                break;
            }
            if std::mem::take(&mut self.is_short) {
                self.note_resumed(&mut self.shared.lock());
            }
            let has_passed = self.deadline.has_passed(|| self.shared.backend.now_ns());
            if has_passed || self.holds_back {
                self.holds_back = false;
                self.report_without_host(&mut self.shared.lock());
            }
            if has_passed || self.has_events() {
                break;
            }
            self.round = self.round.saturating_add(1);
        }
        Ok(())
    }

    /// Wakes the tasks that events were for. Nothing but the right to wait is locked.
    #[cfg(feature = "task")]
    pub(super) fn wake_tasks(&mut self) {
        if !self.waiting.woken.is_empty() {
            super::waiters::wake_each(self.waiting.woken.drain(..));
        }
    }

    fn found(&mut self) -> Found<'_> {
        Found {
            events: self.events,
            #[cfg(feature = "task")]
            woken: &mut self.waiting.woken,
        }
    }

    /// Whether there is something to return for.
    fn has_events(&self) -> bool {
        #[cfg(feature = "task")]
        if !self.waiting.woken.is_empty() {
            return true;
        }
        !self.events.is_empty()
    }

    /// Brings the host up to date and reports what needs no host. Returns how long the host may
    /// wait; `None` if the caller need not wait for it.
    fn prepare(&mut self) -> io::Result<Option<Until>> {
        let shared = self.shared;
        let state = &mut *shared.lock();
        if self.deadline == Until::Never && shared.can_only_hang(state) {
            return Err(nothing_to_wait_for());
        }
        shared.backend.update(&mut self.waiting.host, state);
        let mut until = self.deadline;
        if state.may_have_local_events() || !self.waiting.ready.is_empty() {
            let has_resumed = !state.pauses.is_empty() && self.resume(state);
            self.holds_back = std::mem::take(&mut state.reported_always_ready);
            self.is_short = self.holds_back || has_resumed;
            let had_leftovers = self.report_without_host(state);
            // Once per `select` the host is polled too: timers and wakes may never end.
            if self.has_events() && (had_leftovers || self.round > 0) {
                return Ok(None);
            }
            until = self.until(state);
        }
        state.waits_until = Some(until);
        Ok(Some(until))
    }

    /// The earliest of the deadline and the next timer; now, if there is something to report.
    fn until(&self, state: &State<B>) -> Until {
        if self.has_events() {
            return Until::Now;
        }
        let ends = [state.timers.next_deadline_ns(), state.pauses.next_end_ns()];
        let ends = ends.into_iter().flatten().map(Until::At);
        let until = ends.fold(self.deadline, Until::min);
        if self.is_short && until != Until::Now {
            let now_ns = self.shared.backend.now_ns();
            return until.min(Until::At(now_ns.saturating_add(SHORT_WAIT_NS)));
        }
        until
    }

    /// Reports what needs no host, as far as there is room. What comes after the last that found room
    /// goes first the next time. Returns whether there were leftovers.
    #[inline(never)]
    fn report_without_host(&mut self, state: &mut State<B>) -> bool {
        let mut had_leftovers = !self.waiting.ready.is_empty();
        let mut kind = self.waiting.first;
        for _ in 0..Kind::COUNT {
            if self.events.is_full() {
                break;
            }
            match kind {
                Kind::Leftovers if had_leftovers => {
                    let before = self.events.len();
                    self.deliver(state);
                    // They may have been stale, all of them.
                    had_leftovers = self.events.len() > before || !self.waiting.ready.is_empty();
                }
                Kind::Waker => self.report_wake(state),
                Kind::Timers => self.report_timers(state),
                Kind::AlwaysReady if !self.holds_back => self.report_always_ready(state),
                Kind::Leftovers | Kind::AlwaysReady => {}
            }
            kind = kind.next();
        }
        if self.events.is_full() {
            self.waiting.first = kind;
        }
        had_leftovers
    }

    fn report_wake(&mut self, state: &State<B>) {
        // What finds no room must not be taken: it would be lost.
        if let Some(token) = state.waker
            && !self.events.is_full()
            && self.shared.wake.take()
        {
            self.push(token);
        }
    }

    fn report_timers(&mut self, state: &mut State<B>) {
        let Some(pop_due) = state.pop_due else {
            return;
        };
        if state.timers.next_deadline_ns().is_none() {
            return;
        }
        let now_ns = self.shared.backend.now_ns();
        while !self.events.is_full()
            && let Some(notify) = pop_due(&mut state.timers, now_ns)
        {
            match notify {
                Notify::Token(token) => self.push(token),
                #[cfg(feature = "task")]
                Notify::Tasks(waiters) => {
                    waiters.event(Directions::of(Interest::READABLE), &mut self.waiting.woken);
                }
            }
        }
    }

    fn push(&mut self, token: Token) {
        let (key, record) = (Key::NONE, Record::LOCAL);
        let _ = self.events.push(key, token, Readiness::READABLE, record);
    }

    fn report_always_ready(&mut self, state: &mut State<B>) {
        if !state.registrations.has_always_ready() {
            return;
        }
        let (shared, mut found) = (self.shared, self.found());
        let reported_before = &mut state.reported_always_ready;
        (state.registrations).report_always_ready(|registrations, key, armed| {
            let Some(mut changed) = registrations.get_mut(key) else {
                return true;
            };
            let registration = &mut *changed.registration;
            let report = Report {
                key,
                directions: armed,
                readiness: armed.to_readiness(),
                failure: None,
                record: Record::LOCAL,
            };
            if !found.notify(registration, &report) {
                return false;
            }
            // A file never blocks, so it is read to its end. Whether a refused source blocks is unknown.
            *reported_before |=
                registration.mode == Mode::Level || registration.waits == Waits::Refused;
            if registration.mode != Mode::Level {
                changed.disarm(armed);
                shared.backend.rearmed(registrations, key);
            }
            true
        });
    }

    /// Delivers what the host has answered, as far as there is room.
    fn deliver(&mut self, state: &mut State<B>) {
        state.waits_until = None;
        state.doubt = Doubt::of_wait(self.waiting.ready.len() >= B::MANY_ANSWERS);
        while let Some(ready) = self.waiting.ready.get(self.waiting.delivered) {
            let report = self.shared.backend.report(ready);
            if let Some(report) = report
                && !self.deliver_one(state, report)
            {
                return;
            }
            self.waiting.delivered += 1;
        }
        self.waiting.ready.clear();
        self.waiting.delivered = 0;
    }

    /// Returns `false` if there was no room.
    #[inline]
    fn deliver_one(&mut self, state: &mut State<B>, mut report: Report) -> bool {
        let backend = &self.shared.backend;
        let State {
            registrations,
            locked,
            ..
        } = state;
        let Some(mut changed) = registrations.get_mut(report.key) else {
            return true;
        };
        let registration = &mut *changed.registration;
        // Another thread was quicker, or it was reported before.
        if registration.armed.and(report.directions).is_empty() {
            if self.joins_event(registration, &report) {
                let _ = self.found().notify(registration, &report);
            }
            // The host may have disabled the other direction with this one: one-shot it is both.
            if !backend.keeps_edges(registration) {
                backend.rearmed(registrations, report.key);
            }
            return true;
        }
        if B::Source::MAY_BE_ALWAYS_READY && report.failure == Some(Failure::OneWay) {
            self.after_failure(state, report.key, report.directions, report.failure);
            return true;
        }
        report.restrict(registration.armed);
        let mut found = self.found();
        if !found.notify(registration, &report) {
            return false;
        }
        match registration.mode {
            _ if report.failure.is_some() => {
                self.after_failure(state, report.key, report.directions, report.failure);
            }
            Mode::Edge if backend.keeps_edges(registration) => {}
            Mode::Edge => {
                changed.disarm(report.directions);
                backend.rearmed(registrations, report.key);
            }
            Mode::Level => {
                for direction in report.directions.iter() {
                    if B::warm(locked, changed.slot(direction)) {
                        changed.touch();
                    }
                }
            }
            Mode::Oneshot => changed.disarm(Directions::BOTH),
        }
        true
    }

    /// Whether a report is of the other direction of a one-shot source that has its event already: the
    /// host gave two answers, and the first one disarmed both directions.
    fn joins_event(
        &self,
        registration: &Registration<B::Source, B::Slot>,
        report: &Report,
    ) -> bool {
        let asked = Directions::of(registration.interest).and(registration.known());
        registration.mode == Mode::Oneshot
            && report.directions.without(asked).is_empty()
            && (registration.notify.is_for_tasks()
                || self.events.has(registration.event_index, report.key))
    }

    /// What becomes of a source for which the host reported more than readiness. Level-triggered, a
    /// failed source is reported until it is deregistered, as epoll does.
    #[cold]
    #[inline(never)]
    fn after_failure(
        &self,
        state: &mut State<B>,
        key: Key,
        directions: Directions,
        failure: Option<Failure>,
    ) {
        let Some(mut changed) = state.registrations.get_mut(key) else {
            return;
        };
        let keeps_edges = self.shared.backend.keeps_edges(changed.registration);
        let disarmed = match (failure, changed.registration.mode) {
            (Some(Failure::Closed), _) => Directions::BOTH,
            (Some(Failure::OneWay), _) => directions,
            (_, Mode::Level) => Directions::NONE,
            // The system reports the error once, and the source may live on.
            (_, Mode::Edge) if keeps_edges => Directions::NONE,
            (Some(Failure::Refused), Mode::Edge) => directions,
            (_, Mode::Edge | Mode::Oneshot) => Directions::BOTH,
        };
        // What it is disarmed for is not to be armed by the end of a pause. The other direction is.
        for direction in disarmed.iter() {
            changed.registration.futile.resume(direction);
        }
        if B::Source::MAY_BE_ALWAYS_READY && failure == Some(Failure::Refused) {
            changed.set_waits(Waits::Refused);
            state.reported_always_ready = true;
        }
        changed.disarm(disarmed);
    }
}

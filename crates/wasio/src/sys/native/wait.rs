//! The wait: what `select` does.

use std::io;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use super::raw;
use super::selector::{Record, Shared, State};
use super::table::{Directions, from_label};
use crate::event::Readiness;
use crate::portable::Key;
use crate::sys::errors::{already_waiting, nothing_to_wait_for};
use crate::{Events, Mode};

/// The longest single wait. Some kernels refuse more than three years, and a day
/// hurts nobody: the wait goes on.
const LONGEST_WAIT_NS: u64 = 86_400_000_000_000;
/// The most events asked for at once.
const LARGEST_BUFFER: usize = 1 << 16;

impl Shared {
    pub(super) fn select(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        // Past the end of the clock: for ever.
        let deadline = timeout.map(|timeout| Instant::now().checked_add(timeout));
        let mut buffer = self.begin(events.capacity(), deadline.is_some())?;
        let result = self.wait(&mut buffer, events, deadline.flatten());
        let mut state = self.lock();
        state.wait_until_ns = None;
        state.buffer = Some(buffer);
        result
    }

    /// Takes the buffer: this thread is the one that waits.
    fn begin(&self, capacity: usize, has_timeout: bool) -> io::Result<polling::Events> {
        let mut state = self.lock();
        let state = &mut *state;
        let has_sources = state.table.len() > 0 || state.timers.len() > 0 || state.waker.is_some();
        if !has_sources && !has_timeout {
            return Err(nothing_to_wait_for());
        }
        let buffer = state.buffer.take().ok_or_else(already_waiting)?;
        state.poll += 1;
        // As many as the caller has room for: what is not fetched stays with the
        // operating system.
        let capacity = NonZeroUsize::new(capacity.min(LARGEST_BUFFER)).unwrap_or(NonZeroUsize::MIN);
        if buffer.capacity() == capacity {
            return Ok(buffer);
        }
        Ok(polling::Events::with_capacity(capacity))
    }

    fn wait(
        &self,
        buffer: &mut polling::Events,
        events: &mut Events,
        deadline: Option<Instant>,
    ) -> io::Result<()> {
        if self.deliver_owed(events) {
            return Ok(());
        }
        loop {
            let wait = self.plan(deadline);
            buffer.clear();
            // The crate waits on when a signal comes.
            self.poller.wait(buffer, Some(wait))?;
            self.collect(buffer, events);
            if !events.is_empty() || deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Ok(());
            }
        }
    }

    /// Timers, waker and files have their turn first if the last poll left no room for them:
    /// busy sources must not keep them out for ever, nor they the sources.
    fn deliver_owed(&self, events: &mut Events) -> bool {
        let mut state = self.lock();
        if std::mem::take(&mut state.owed) {
            self.deliver_own(&mut state, events);
        }
        !events.is_empty()
    }

    /// How long the operating system may wait. Whoever brings that forward sees
    /// `wait_until_ns`, and notifies.
    fn plan(&self, deadline: Option<Instant>) -> Duration {
        let mut state = self.lock();
        let now_ns = self.now_ns();
        let until_ns = if self.is_own_ready(&mut state, now_ns) {
            now_ns
        } else {
            let next_timer_ns = state.timers.next_deadline_ns().unwrap_or(u64::MAX);
            let longest_ns = now_ns.saturating_add(LONGEST_WAIT_NS);
            longest_ns.min(next_timer_ns)
        };
        state.wait_until_ns = Some(until_ns);
        let wait = Duration::from_nanos(until_ns - now_ns);
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        left.map_or(wait, |left| wait.min(left))
    }

    pub(super) fn collect(&self, buffer: &polling::Events, events: &mut Events) {
        let mut state = self.lock();
        state.wait_until_ns = None;
        let mut rest = buffer.iter();
        loop {
            let batch = Batch::take(&mut rest, &state);
            if batch.len == 0 {
                break;
            }
            for (event, is_closed) in batch.iter() {
                self.deliver(&mut state, event, is_closed, events);
            }
        }
        self.deliver_own(&mut state, events);
        state.owed = events.is_full();
    }

    /// One event of the operating system.
    fn deliver(
        &self,
        state: &mut State,
        event: polling::Event,
        is_closed: bool,
        events: &mut Events,
    ) {
        let key = from_label(event.key);
        let poll = state.poll;
        // Fetched by us before another thread took the source out.
        let Some(entry) = state.table.get_mut(key) else {
            return;
        };
        let keeps_armed = self.keeps_armed(entry);
        // kqueue has a shot for each direction: the other one may still come.
        if keeps_armed && entry.armed == Directions::NONE && entry.poll != poll {
            return;
        }
        let readiness = readiness(event, is_closed, entry.armed);
        let record = Record::Polling(event);
        let Some(hint) = events.merge(entry.hint, key, entry.token, readiness, record) else {
            // It was an edge: asked again, the operating system reports it again.
            let _ = self.rearm(key, entry);
            return;
        };
        entry.hint = hint;
        entry.poll = poll;
        if !keeps_armed {
            return;
        }
        if entry.mode == Mode::Oneshot {
            entry.armed = Directions::NONE;
            return;
        }
        entry.armed = entry.armed.without(Directions::reported(readiness));
        if entry.armed != Directions::NONE {
            // The shot was for all directions, those without an event too. An error is one that
            // the caller is about to meet: there is an event.
            let _ = self.rearm(key, entry);
        }
    }

    /// Whether something is ready that the operating system knows nothing of.
    fn is_own_ready(&self, state: &mut State, now_ns: u64) -> bool {
        state.forget_disarmed();
        state.waker.is_some() && self.wake.is_set()
            || state
                .timers
                .next_deadline_ns()
                .is_some_and(|at| at <= now_ns)
            || !state.always.is_empty()
    }

    /// The events of the waker, the timers and what is always ready. Each in turn goes first.
    fn deliver_own(&self, state: &mut State, events: &mut Events) {
        for step in 0..3 {
            match (state.poll + step) % 3 {
                0 => self.deliver_wake(state, events),
                1 => self.deliver_timers(state, events),
                _ => self.deliver_always_ready(state, events),
            }
        }
    }

    fn deliver_wake(&self, state: &State, events: &mut Events) {
        if let Some(token) = state.waker
            && !events.is_full()
            && self.wake.take()
        {
            events.push(Key::NONE, token, Readiness::READABLE, Record::Waker);
        }
    }

    fn deliver_timers(&self, state: &mut State, events: &mut Events) {
        if state.timers.next_deadline_ns().is_none() {
            return;
        }
        let now_ns = self.now_ns();
        while !events.is_full()
            && let Some(token) = state.timers.pop_due(now_ns)
        {
            events.push(Key::NONE, token, Readiness::READABLE, Record::Timer);
        }
    }

    fn deliver_always_ready(&self, state: &mut State, events: &mut Events) {
        state.forget_disarmed();
        let mut delivered = 0;
        for key in &state.always {
            let Some(entry) = state.table.get_mut(*key) else {
                continue;
            };
            let readiness = always(entry.armed);
            let pushed = events.push(*key, entry.token, readiness, Record::AlwaysReady);
            if pushed.is_none() {
                break;
            }
            delivered += 1;
            if self.keeps_armed(entry) {
                entry.armed = Directions::NONE;
            }
        }
        // Those that had no room come first in the next poll.
        state.always.rotate_left(delivered);
    }
}

/// Some events, and whether the peers of their sources have ended.
///
/// Data and the end behind it may be one edge. A caller that takes a short read for the last word
/// until the next edge, as tokio does, would wait for ever if the event did not say both.
struct Batch {
    events: [Option<polling::Event>; raw::MOST_ASKED],
    len: usize,
    closed: u64,
}

impl Batch {
    fn take(rest: &mut impl Iterator<Item = polling::Event>, state: &State) -> Self {
        let mut events = [None; raw::MOST_ASKED];
        let mut len = 0;
        let mut asked = [0; raw::MOST_ASKED];
        let mut places = [0; raw::MOST_ASKED];
        let mut asked_len = 0;
        for event in rest.take(raw::MOST_ASKED) {
            if event.readable
                && !event.is_interrupt()
                && let Some(entry) = state.table.get(from_label(event.key))
            {
                asked[asked_len] = entry.source;
                places[asked_len] = len;
                asked_len += 1;
            }
            events[len] = Some(event);
            len += 1;
        }
        let answers = match asked_len {
            0 => 0,
            _ => raw::read_closed(&asked[..asked_len]),
        };
        let closed = places[..asked_len]
            .iter()
            .enumerate()
            .filter(|(at, _)| answers >> at & 1 == 1)
            .fold(0, |all, (_, place)| all | 1 << place);
        Self {
            events,
            len,
            closed,
        }
    }

    fn iter(&self) -> impl Iterator<Item = (polling::Event, bool)> {
        let is_closed = |at: usize| self.closed >> at & 1 == 1;
        let events = self.events.iter().flatten().enumerate();
        events.map(move |(at, event)| (*event, is_closed(at)))
    }
}

impl State {
    fn forget_disarmed(&mut self) {
        let table = &mut self.table;
        self.always.retain(|key| {
            let Some(entry) = table.get_mut(*key) else {
                return false;
            };
            entry.listed = entry.armed.readable() || entry.armed.writable();
            entry.listed
        });
    }
}

/// What an event of the operating system says.
fn readiness(event: polling::Event, is_closed: bool, armed: Directions) -> Readiness {
    let hung_up = event.is_interrupt();
    [
        (event.readable, Readiness::READABLE),
        (event.writable, Readiness::WRITABLE),
        // Some report it unasked.
        (event.is_priority() && armed.priority(), Readiness::PRIORITY),
        (hung_up || is_closed, Readiness::READ_CLOSED),
        (hung_up, Readiness::WRITE_CLOSED),
        (event.is_err() == Some(true), Readiness::FAILED),
    ]
    .into_iter()
    .filter(|(is_so, _)| *is_so)
    .fold(Readiness::EMPTY, |all, (_, one)| all.with(one))
}

/// What a source that is always ready is, in the directions asked for.
fn always(armed: Directions) -> Readiness {
    [
        (armed.readable(), Readiness::READABLE),
        (armed.writable(), Readiness::WRITABLE),
    ]
    .into_iter()
    .filter(|(is_so, _)| *is_so)
    .fold(Readiness::EMPTY, |all, (_, one)| all.with(one))
}

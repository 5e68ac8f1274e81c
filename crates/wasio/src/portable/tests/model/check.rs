//! Polls, and what must be so of each: of its time, its events, and what it leaves out.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::program::AMPLE;
use super::run::{Known, Model, TIMERS, Timer, WAKER};
use super::{HELD_BACK_NS, MS, Timeout, World};
use crate::event::Event;
use crate::portable::Direction;
use crate::{Events, Mode};

/// The longest time after which something still happens by itself.
const LONGEST_NS: u64 = 100 * MS + HELD_BACK_NS;

impl<W: World> Model<W> {
    pub(super) fn select_for(&mut self, timeout: Timeout, room: usize) {
        // What lies may not end a wait, and nothing else says when it does.
        let will_end = self.world.is_honest() && !self.due().is_empty();
        let timeout = match timeout {
            Timeout::Ns(ns) => Some(Duration::from_nanos(ns)),
            Timeout::Longest if will_end => Some(Duration::MAX),
            Timeout::Never if will_end => None,
            Timeout::Longest | Timeout::Never => Some(Duration::from_nanos(LONGEST_NS)),
        };
        self.select(timeout, room);
    }

    /// Selects and checks every event; returns the tokens.
    pub(super) fn select(&mut self, timeout: Option<Duration>, room: usize) -> Vec<usize> {
        if self.events.capacity() != room {
            self.events = Events::with_capacity(room);
        }
        let (before_ns, calls) = (self.world.now_ns(), self.world.calls());
        let delayed_ns = self.world.faults(|faults| faults.delayed_ns);
        let was_woken = self.is_woken();
        self.events.clear();
        self.ended = 0;
        if let Err(error) = self.selector.select(&mut self.events, timeout) {
            self.assert_explained(&error);
            assert!(self.events.is_empty(), "events that nobody sees");
            return Vec::new();
        }
        let elapsed_ns = self.world.now_ns() - before_ns;
        let delayed_ns = self.world.faults(|faults| faults.delayed_ns) - delayed_ns;
        let slack_ns = self.world.slack_ns(self.world.calls() - calls) + delayed_ns;
        self.check_time(timeout, elapsed_ns, slack_ns);
        self.note_ready();
        let events: Vec<_> = self.events.iter().cloned().collect();
        let tokens: Vec<usize> = events.iter().map(|event| event.token().0).collect();
        for (place, event) in events.iter().enumerate() {
            let token = &tokens[place];
            // A timer may be due twice while one call delivers.
            let is_again = *token < TIMERS && tokens[..place].contains(token);
            assert!(!is_again, "two events of {token}");
            self.check(event);
        }
        let is_late = was_woken && self.is_woken() && tokens.len() < room;
        assert!(!is_late, "a wake is not reported although there is room");
        self.was_small = room < AMPLE;
        tokens
    }

    fn check_time(&self, timeout: Option<Duration>, elapsed_ns: u64, slack_ns: u64) {
        let name = self.world.name();
        let timeout = timeout.unwrap_or(Duration::MAX);
        if self.events.is_empty() {
            let elapsed = elapsed_ns.saturating_add(self.world.early_ns());
            let is_early = Duration::from_nanos(elapsed) < timeout;
            assert!(!is_early, "{name}: early: {elapsed_ns} ns of {timeout:?}");
        }
        // Without a limit there is something to report.
        let most = if timeout == Duration::MAX {
            LONGEST_NS
        } else {
            u64::try_from(timeout.as_nanos()).unwrap()
        };
        assert!(
            elapsed_ns <= most + slack_ns,
            "{name}: late: {elapsed_ns} ns of {timeout:?}, with {slack_ns} ns of slack"
        );
    }

    /// The error of a call must be that of a fault.
    pub(super) fn assert_explained(&self, error: &std::io::Error) {
        assert!(self.had_errors && self.world.explains(error), "{error}");
    }

    fn check(&mut self, event: &Event) {
        let token = event.token().0;
        if token == WAKER {
            assert!(self.woken.swap(false, Ordering::Relaxed), "nobody woke it");
            self.wakes = false;
            return;
        }
        if token >= TIMERS {
            return self.check_timer(token);
        }
        // An event that found no room may be older than what was read since.
        let is_new = !self.was_small && self.events.capacity() == AMPLE;
        let known = self.known.get_mut(&token).expect("an event of nobody");
        let directions = [event.is_readable(), event.is_writable()];
        assert!(directions != [false; 2], "an event that says nothing");
        if event.is_error() && self.world.is_exact() && !self.had_errors {
            let has_failed = self.world.has_failed(known.id);
            assert!(has_failed, "an error of a source without one");
        }
        for direction in Direction::BOTH {
            if !directions[direction as usize] || event.is_error() {
                continue;
            }
            assert!(
                known.armed[direction as usize],
                "a direction that is not armed"
            );
            if self.world.is_exact() && !self.doubtful.contains(&known.id) {
                let is_ready = known.was_ready[direction as usize]
                    && (!is_new || self.world.is_ready(known.id, direction));
                assert!(is_ready, "{}: a spurious event", self.world.name());
            }
        }
        assert!(
            known.armed != [false; 2],
            "an event of a source that is silent"
        );
        match known.mode {
            Mode::Level => {}
            Mode::Edge if !event.is_error() => {
                for (armed, is_reported) in known.armed.iter_mut().zip(directions) {
                    *armed &= !is_reported;
                }
            }
            Mode::Edge | Mode::Oneshot => known.armed = [false; 2],
        }
        for direction in Direction::BOTH {
            // Armed, or about to be: after a pause.
            let is_silent = self.selector.is_silent(known.key, direction);
            assert_eq!(!is_silent, known.armed[direction as usize], "{event:?}");
        }
    }

    fn check_timer(&mut self, token: usize) {
        let mut timers = self.timers.values_mut();
        let timer = timers.find(|timer| timer.token == token);
        let timer = timer.expect("an event of a timer that is gone");
        let (earliest_ns, latest_ns) = timer.deadline_ns.take().expect("it was not set");
        assert!(self.world.now_ns() >= earliest_ns, "a timer is early");
        let missed_ns = self.world.now_ns().saturating_sub(earliest_ns);
        let missed = missed_ns.checked_div(timer.period_ns);
        let expirations = self.selector.take_expirations(timer.key).unwrap();
        assert!(expirations <= 1 + missed.unwrap_or(0), "too many");
        if let Some(missed) = missed {
            let earliest = earliest_ns + timer.period_ns;
            let latest = earliest + missed * timer.period_ns;
            timer.deadline_ns = Some((earliest, latest.max(latest_ns)));
        }
    }

    fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Relaxed)
    }

    /// What is to be reported now, or will be without anything else.
    fn due(&self) -> Vec<usize> {
        let mut due = self.ready(|known, direction| known.armed[direction as usize]);
        let timers = self.timers.values();
        let set = timers.filter(|timer| timer.is_set());
        due.extend(set.map(|timer| timer.token));
        due.extend(self.is_woken().then_some(WAKER));
        due
    }

    /// The tokens of what is ready, in a direction that `counts`.
    pub(super) fn ready(&self, counts: impl Fn(&Known, Direction) -> bool) -> Vec<usize> {
        let is_ready = |known: &Known| {
            let mut both = Direction::BOTH.into_iter();
            both.any(|direction| {
                counts(known, direction) && self.world.is_ready(known.id, direction)
            }) && !self.world.is_silent(known.id)
        };
        let known = self.known.iter().filter(|(_, known)| is_ready(known));
        known.map(|(token, _)| *token).collect()
    }

    /// The tokens of what is to be reported now.
    pub(super) fn due_now(&self) -> Vec<usize> {
        let mut due = self.ready(|known, direction| known.armed[direction as usize]);
        due.extend(self.due_timers());
        due.extend(self.is_woken().then_some(WAKER));
        due
    }

    pub(super) fn due_timers(&self) -> Vec<usize> {
        let now_ns = self.world.clock_ns();
        let is_due = |timer: &&Timer| timer.deadline_ns.is_some_and(|(_, at_ns)| at_ns <= now_ns);
        let timers = self.timers.values().filter(is_due);
        timers.map(|timer| timer.token).collect()
    }
}

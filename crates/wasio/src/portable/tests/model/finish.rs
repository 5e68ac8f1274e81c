//! What must have been reported after some polls, and what must be left at the end: nothing.

use std::time::Duration;

use super::program::AMPLE;
use super::run::{Model, WAKER};
use super::{Faults, HELD_BACK_NS, How, Kind, MS, World};
use crate::io_outcome::IoOutcome;
use crate::portable::Direction;
use crate::{Events, Mode};

/// Longer than anything happens by itself.
const LONG: Duration = Duration::from_millis(60);
/// How long the selector is watched with nothing to do.
const IDLE: Duration = Duration::from_secs(1);
/// More events for nothing in a row than a source may have without a pause.
const FUTILE: usize = 4;

/// The polls after which everything that is ready must have been reported.
struct Rounds {
    left: usize,
    until_ns: u64,
}

impl Rounds {
    fn is_over(&mut self, now_ns: u64) -> bool {
        // Until then a source may be held back.
        let counts = now_ns >= self.until_ns;
        self.left = self.left.saturating_sub(usize::from(counts));
        self.left == 0
    }
}

impl<W: World> Model<W> {
    fn rounds(&self) -> Rounds {
        // One wait may find more events than there is room for. The next polls report the rest.
        let events = 2 * self.known.len() + self.timers.len() + 1;
        let polls_per_wait = events.div_ceil(self.room);
        Rounds {
            // Beside what is certain, a doubtful answer is verified after 64 waits at most.
            left: (80 + 12 * self.known.len()) * polls_per_wait,
            until_ns: self.world.now_ns() + HELD_BACK_NS,
        }
    }

    /// Selects until everything that is armed and ready now has been reported, beside whatever is
    /// reported again meanwhile.
    pub(super) fn settle(&mut self, drains: bool, wakes: bool) {
        self.settle_with(drains.then_some(How::All), wakes);
    }

    /// The same again and again, while each operation finds nothing: sources pause.
    pub(super) fn find_nothing(&mut self) {
        for _ in 0..FUTILE {
            self.settle_with(Some(How::Blocked), false);
        }
    }

    /// With the operations that follow an event.
    fn settle_with(&mut self, operations: Option<How>, wakes: bool) {
        let mut waiting = self.due_now();
        let mut rounds = self.rounds();
        while !waiting.is_empty() {
            let is_over = rounds.is_over(self.world.now_ns());
            assert!(!is_over, "{}: lost {waiting:?}", self.world.name());
            if wakes {
                self.wake(0);
            }
            self.world.pass(MS);
            let is_timed = !self.timers.is_empty() || !self.world.is_honest();
            for token in self.select(is_timed.then_some(LONG), self.room) {
                waiting.retain(|other| *other != token);
                if let Some(how) = operations {
                    self.operate(token, how);
                }
            }
        }
    }

    /// Reads and writes until that blocks, if it is the token of a source.
    fn drain(&mut self, token: usize) {
        self.operate(token, How::All);
    }

    fn operate(&mut self, token: usize, how: How) {
        let Some(known) = self.known.get(&token) else {
            return;
        };
        let (id, interest) = (known.id, known.interest);
        for direction in Direction::BOTH {
            let is_wanted = match direction {
                Direction::Read => interest.is_readable(),
                Direction::Write => interest.is_writable(),
            };
            while is_wanted && self.io(id, direction, how) == IoOutcome::Partial {}
        }
    }

    /// A fork sees all that is ready, whether it was reported before or not, and wakes nobody. It takes
    /// nothing from the selector, which reports what is due to it beside the fork.
    pub(super) fn fork(&mut self) {
        let fork = self.selector.fork().unwrap();
        let mut waiting = self.ready(|known, direction| match direction {
            Direction::Read => known.interest.is_readable(),
            Direction::Write => known.interest.is_writable(),
        });
        waiting.extend(self.due_timers());
        let mut events = Events::with_capacity(self.room);
        let mut rounds = self.rounds();
        while !waiting.is_empty() {
            let is_over = rounds.is_over(self.world.now_ns());
            assert!(!is_over, "{}: a fork lost {waiting:?}", self.world.name());
            self.world.pass(MS);
            events.clear();
            if let Err(error) = fork.select(&mut events, Some(LONG)) {
                self.assert_explained(&error);
            }
            for event in &events {
                let token = event.token().0;
                assert!(token != WAKER, "the waker is not the fork's");
                let is_known = self.known.contains_key(&token)
                    || self.timers.values().any(|timer| timer.token == token);
                assert!(is_known, "an event of nobody in a fork");
                waiting.retain(|other| *other != token);
            }
        }
        self.settle_with(None, false);
        drop(fork);
    }

    /// The end of a program, without faults: every byte is read, the selector comes to rest, and
    /// nothing is left of what was registered.
    pub(super) fn finish(mut self) {
        self.world.faults(Faults::clear);
        self.wait_for_arrivals();
        self.wait_for_timers();
        self.rearm_all();
        self.settle(true, false);
        self.read_the_rest();
        self.rest();
        self.take_down();
    }

    /// Reads what is still there: a host that reads only while the program waits has an event for each
    /// part of it.
    fn read_the_rest(&mut self) {
        let mut rounds = self.rounds();
        while self.has_unread() {
            let is_over = rounds.is_over(self.world.now_ns());
            assert!(!is_over, "{}: bytes are left", self.world.name());
            for token in self.select(Some(LONG), AMPLE) {
                self.drain(token);
            }
        }
    }

    /// Whether a source that may be read has bytes.
    fn has_unread(&mut self) -> bool {
        let unread = self.ready(|known, direction| {
            let is_file = self.open[&known.id] == Kind::File;
            direction == Direction::Read && known.interest.is_readable() && !is_file
        });
        unread
            .iter()
            .any(|token| self.world.pending(self.known[token].id) > 0)
    }

    /// Waits until all that was sent has arrived, which a host sees to during a wait.
    fn wait_for_arrivals(&mut self) {
        while self.world.is_expecting() {
            for token in self.select(Some(LONG), AMPLE) {
                self.drain(token);
            }
        }
    }

    /// Waits until each timer that is set has expired.
    fn wait_for_timers(&mut self) {
        let set = self.timers.values().filter(|timer| timer.is_set());
        let mut waiting: Vec<_> = set.map(|timer| timer.token).collect();
        let mut rounds = self.rounds();
        while !waiting.is_empty() {
            let is_over = rounds.is_over(self.world.now_ns());
            assert!(!is_over, "{}: lost timers", self.world.name());
            for token in self.select(Some(LONG), self.room) {
                waiting.retain(|other| *other != token);
                self.drain(token);
            }
        }
    }

    /// Reregisters every source as edge-triggered, which arms it.
    fn rearm_all(&mut self) {
        let all: Vec<_> = (self.known.values())
            .map(|known| (known.id, known.interest))
            .collect();
        for (id, interest) in all {
            self.reregister(id, interest, Mode::Edge);
        }
    }

    /// Nothing happens any more, so that little work is done.
    fn rest(&mut self) {
        for id in 0..4 {
            self.drop_timer(id);
        }
        // Pauses end meanwhile, and what one of them holds back is reported.
        self.select(Some(IDLE), AMPLE);
        let mut rounds = self.rounds();
        loop {
            let calls = self.world.calls();
            if self.select(Some(IDLE), AMPLE).is_empty() {
                let calls = self.world.calls() - calls;
                let most = self.world.most_idle_calls(2 * self.known.len() as u64);
                assert!(calls <= most, "{}: {calls} calls", self.world.name());
                return;
            }
            // A host that lies has said something.
            let is_over = rounds.is_over(u64::MAX);
            assert!(!is_over, "{}: there is no end of events", self.world.name());
        }
    }

    fn take_down(mut self) {
        for id in self.open.keys().copied().collect::<Vec<_>>() {
            self.close(id);
        }
        self.selector.clear_waker();
        assert_eq!(self.select(Some(Duration::from_nanos(MS)), AMPLE), []);
        let state = self.selector.shared().lock();
        assert_eq!(state.registrations.len(), 0);
        assert_eq!(state.timers.len(), 0);
        drop(state);
        drop(self.selector);
        assert_eq!(self.world.kept(), 0, "{}", self.world.name());
    }
}

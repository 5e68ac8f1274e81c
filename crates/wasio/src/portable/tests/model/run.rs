//! A program, step by step, and what is known of the selector meanwhile.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use super::{AMPLE, Kind, MS, Op, World};
use crate::event::Event;
use crate::io_outcome::IoOutcome;
use crate::portable::backoff::LONGEST_PAUSE_NS;
use crate::portable::{Config, Direction, Expiry, Key, Selector};
use crate::{Events, Interest, Mode, Token};

const WAKER: usize = 1 << 40;
const TIMERS: usize = 1 << 41;

struct Known {
    id: u32,
    key: Key,
    interest: Interest,
    mode: Mode,
    armed: [bool; 2],
}

struct Timer {
    key: Key,
    /// The earliest time of its next event, and the latest: which periods were missed before the
    /// last event depends on when the selector read the clock.
    deadline_ns: Option<(u64, u64)>,
    period_ns: u64,
}

pub(super) struct Model<W: World> {
    world: W,
    selector: Selector<W::Backend>,
    events: Events,
    room: usize,
    /// Whether the last select may have had leftovers.
    was_small: bool,
    /// By token: each registration has its own.
    known: HashMap<usize, Known>,
    by_id: BTreeMap<u32, usize>,
    next_token: usize,
    woken: bool,
    timers: Vec<Timer>,
}

fn mode(number: u8) -> Mode {
    [Mode::Edge, Mode::Level, Mode::Oneshot][usize::from(number)]
}

fn interest(number: u8) -> Interest {
    let (read, write) = (Interest::READABLE, Interest::WRITABLE);
    [read, write, read | write][usize::from(number) - 1]
}

impl<W: World> Model<W> {
    pub(super) fn new(world: W, room: usize, with_timers: bool) -> Self {
        let selector = Selector::new(Config::DEFAULT).unwrap();
        selector.set_waker(Token(WAKER)).unwrap();
        let timers = (0..if with_timers { 4 } else { 0 })
            .map(|id| Timer {
                key: selector.register_timer(Token(TIMERS + id), None).unwrap(),
                deadline_ns: None,
                period_ns: 0,
            })
            .collect();
        Self {
            world,
            selector,
            events: Events::with_capacity(room),
            room,
            was_small: false,
            known: HashMap::new(),
            by_id: BTreeMap::new(),
            next_token: 0,
            woken: false,
            timers,
        }
    }

    pub(super) fn run(&mut self, op: &Op) {
        match *op {
            Op::Open {
                id,
                kind,
                interest: asked,
                mode: how,
            } => self.open(id, kind, interest(asked), mode(how)),
            Op::Reregister {
                id,
                interest: asked,
                mode: how,
            } => self.reregister(id, interest(asked), mode(how)),
            Op::Close { id } => self.close(id),
            Op::Wake => {
                self.selector.wake().unwrap();
                self.woken = true;
            }
            Op::Fault => self.world.fail_next_call(),
            Op::Timer {
                id,
                after_ns,
                period_ns,
            } => self.set_timer(id, after_ns, period_ns),
            Op::Select { timeout_ns, ample } => {
                let room = if ample { AMPLE } else { self.room };
                self.select(Some(timeout_ns), room);
            }
            Op::Fork if W::FORKS => self.fork(),
            Op::Settle => self.settle(),
            Op::Arrive { id, .. }
            | Op::Room { id, .. }
            | Op::Fail { id, .. }
            | Op::Read { id, .. }
            | Op::Write { id } => {
                if self.by_id.contains_key(&id) {
                    self.use_source(op);
                }
            }
            Op::Fork => {}
        }
    }

    fn use_source(&mut self, op: &Op) {
        match *op {
            Op::Arrive {
                id,
                bytes,
                after_ns,
            } => self.world.arrive(id, bytes, after_ns),
            Op::Room { id, room } => self.world.set_room(id, room),
            Op::Fail { id, reset } => self.world.fail(id, reset),
            Op::Read { id, all } => {
                let outcome = self.world.read(id, all);
                self.after_io(id, Direction::Read, outcome);
            }
            Op::Write { id } => {
                let outcome = self.world.write(id);
                self.after_io(id, Direction::Write, outcome);
            }
            _ => unreachable!("not about a source"),
        }
    }

    fn open(&mut self, id: u32, kind: u8, interest: Interest, mode: Mode) {
        if self.by_id.contains_key(&id) {
            return self.world.open_again(&self.selector, id);
        }
        let (kind, interest) = match kind {
            0 => (Kind::Listener, Interest::READABLE),
            1 => (Kind::File, interest),
            _ => (Kind::Stream, interest),
        };
        let interest = self.world.supported(interest);
        let token = self.next_token;
        self.next_token += 1;
        let source = (id, kind);
        let key = (self.world).open(&self.selector, source, Token(token), interest, mode);
        let armed = [interest.is_readable(), interest.is_writable()];
        let known = Known {
            id,
            key,
            interest,
            mode,
            armed,
        };
        self.known.insert(token, known);
        self.by_id.insert(id, token);
    }

    fn reregister(&mut self, id: u32, interest: Interest, mode: Mode) {
        let Some(token) = self.by_id.get(&id) else {
            return;
        };
        let known = self.known.get_mut(token).unwrap();
        let interest = self.world.supported(interest);
        self.selector
            .reregister(known.key, Token(*token), interest, mode)
            .unwrap();
        (known.interest, known.mode) = (interest, mode);
        known.armed = [interest.is_readable(), interest.is_writable()];
    }

    fn close(&mut self, id: u32) {
        let Some(token) = self.by_id.remove(&id) else {
            return;
        };
        let known = self.known.remove(&token).unwrap();
        self.selector.deregister(known.key).unwrap();
        assert!(self.selector.deregister(known.key).is_err());
        self.world.close(id);
    }

    fn set_timer(&mut self, id: usize, after_ns: u64, period_ns: u64) {
        let Some(timer) = self.timers.get_mut(id) else {
            return;
        };
        let deadline_ns = self.selector.now_ns() + after_ns;
        let expiry = (!after_ns.is_multiple_of(5)).then_some(Expiry {
            deadline_ns,
            period_ns,
        });
        self.selector.set_timer(timer.key, expiry).unwrap();
        timer.deadline_ns = expiry.map(|_| (deadline_ns, deadline_ns));
        timer.period_ns = period_ns;
    }

    /// What the program finds out in an operation on an edge-triggered source, the selector learns.
    fn after_io(&mut self, id: u32, direction: Direction, outcome: IoOutcome) {
        let known = self.known.get_mut(&self.by_id[&id]).unwrap();
        if known.mode != Mode::Edge {
            return;
        }
        self.selector.after_io(known.key, direction, outcome);
        let wanted = [known.interest.is_readable(), known.interest.is_writable()];
        let armed = &mut known.armed[direction as usize];
        match outcome {
            IoOutcome::WouldBlock | IoOutcome::Partial | IoOutcome::Peeked | IoOutcome::Failed => {
                *armed |= wanted[direction as usize];
            }
            IoOutcome::Eof => *armed = false,
            IoOutcome::Complete | IoOutcome::NoOp => {}
        }
    }

    /// Selects and checks every event; returns the tokens. Without a timeout there must be something
    /// to report.
    fn select(&mut self, timeout_ns: Option<u64>, room: usize) -> Vec<usize> {
        if self.events.capacity() != room {
            self.events = Events::with_capacity(room);
        }
        let (before_ns, calls) = (self.world.now_ns(), self.world.calls());
        self.events.clear();
        let timeout = timeout_ns.map(Duration::from_nanos);
        if let Err(error) = self.selector.select(&mut self.events, timeout) {
            assert!(self.world.explains(&error), "{error}");
            assert!(self.events.is_empty(), "events that nobody sees");
            return Vec::new();
        }
        let elapsed_ns = self.world.now_ns() - before_ns;
        let slack_ns = self.world.slack_ns(self.world.calls() - calls);
        // Without a limit, what was ready for nothing may be held back for the longest pause.
        let timeout_ns = timeout_ns.unwrap_or(60 * MS + LONGEST_PAUSE_NS);
        if self.events.is_empty() {
            assert!(
                elapsed_ns.saturating_add(self.world.early_ns()) >= timeout_ns,
                "{}: early: {elapsed_ns} of {timeout_ns}",
                self.world.name()
            );
        }
        assert!(
            elapsed_ns <= timeout_ns + slack_ns,
            "{}: late: {elapsed_ns} of {timeout_ns}",
            self.world.name()
        );
        let events: Vec<_> = self.events.iter().cloned().collect();
        let tokens: Vec<usize> = events.iter().map(|event| event.token().0).collect();
        for (place, event) in events.iter().enumerate() {
            let token = &tokens[place];
            // A timer may be due twice while one call delivers.
            let is_again = *token < TIMERS && tokens[..place].contains(token);
            assert!(!is_again, "two events of {token}");
            self.check(event);
        }
        self.was_small = room < AMPLE;
        tokens
    }

    fn check(&mut self, event: &Event) {
        let token = event.token().0;
        if token == WAKER {
            assert!(std::mem::take(&mut self.woken), "nobody woke it");
            return;
        }
        if token >= TIMERS {
            return self.check_timer(token - TIMERS);
        }
        let known = self.known.get_mut(&token).expect("an event of nobody");
        let said = [event.is_readable(), event.is_writable()];
        assert!(said[0] || said[1], "an event that says nothing");
        // An event that found no room may be older than what was read since.
        let is_new = !self.was_small && self.events.capacity() == AMPLE;
        for direction in Direction::BOTH {
            if !said[direction as usize] || event.is_error() {
                continue;
            }
            assert!(
                known.armed[direction as usize],
                "a direction that is not armed"
            );
            if is_new && self.world.is_exact() {
                let is_ready = self.world.is_ready(known.id, direction);
                assert!(is_ready, "{}: a spurious event", self.world.name());
            }
        }
        assert!(
            known.armed[0] || known.armed[1],
            "an event of a source that is silent"
        );
        match known.mode {
            Mode::Level => {}
            Mode::Edge if !event.is_error() => {
                for (armed, said) in known.armed.iter_mut().zip(said) {
                    *armed &= !said;
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

    fn check_timer(&mut self, id: usize) {
        let timer = &mut self.timers[id];
        let (earliest_ns, latest_ns) = timer.deadline_ns.take().expect("it was not set");
        assert!(self.world.now_ns() >= earliest_ns, "a timer is early");
        let missed_ns = self.world.now_ns().saturating_sub(earliest_ns);
        if let Some(missed) = missed_ns.checked_div(timer.period_ns) {
            let earliest = earliest_ns + timer.period_ns;
            let latest = earliest + missed * timer.period_ns;
            timer.deadline_ns = Some((earliest, latest.max(latest_ns)));
        }
    }

    /// The tokens of what is ready, in a direction that `counts`.
    fn ready(&self, counts: impl Fn(&Known, Direction) -> bool) -> Vec<usize> {
        let is_ready = |known: &Known| {
            let mut both = Direction::BOTH.into_iter();
            both.any(|direction| {
                counts(known, direction) && self.world.is_ready(known.id, direction)
            }) && !self.world.is_silent(known.id)
        };
        let known = self.known.iter().filter(|(_, known)| is_ready(known));
        known.map(|(token, _)| *token).collect()
    }

    fn due_timers(&self) -> Vec<usize> {
        let now_ns = self.world.clock_ns();
        let is_due = |timer: &Timer| timer.deadline_ns.is_some_and(|(_, at_ns)| at_ns <= now_ns);
        let timers = self.timers.iter().enumerate();
        let timers = timers.filter(|(_, timer)| is_due(timer));
        timers.map(|(id, _)| TIMERS + id).collect()
    }

    /// In this number of polls everything that is ready must be reported.
    fn most_rounds(&self) -> usize {
        40 + 12 * self.known.len()
    }

    /// Polls until everything that is armed and ready now has been reported; all that is reported is
    /// drained on the way.
    pub(super) fn settle(&mut self) {
        let mut waiting = self.ready(|known, direction| known.armed[direction as usize]);
        waiting.extend(self.due_timers());
        waiting.extend(self.woken.then_some(WAKER));
        // In this number of polls, or in the time in which a doubtful answer is verified again.
        let rounds = self.most_rounds();
        let until_ns = self.world.now_ns() + 4 * MS;
        let mut round = 0;
        while round < rounds || self.world.now_ns() < until_ns {
            round += 1;
            if waiting.is_empty() {
                return;
            }
            let is_timed = !self.timers.is_empty() || !self.world.is_honest();
            for token in self.select(is_timed.then_some(60 * MS), self.room) {
                waiting.retain(|other| *other != token);
                if let Some(known) = self.known.get(&token) {
                    self.drain(known.id);
                }
            }
        }
        panic!(
            "{}: lost {waiting:?} after {round} polls",
            self.world.name()
        );
    }

    /// Reads and writes until that blocks.
    fn drain(&mut self, id: u32) {
        self.world.read(id, true);
        self.world.write(id);
        for direction in Direction::BOTH {
            self.after_io(id, direction, IoOutcome::WouldBlock);
        }
    }

    /// A fork sees all that is ready, whether it was reported before or not, and wakes nobody.
    fn fork(&mut self) {
        let fork = self.selector.fork().unwrap();
        let mut waiting = self.ready(|known, direction| match direction {
            Direction::Read => known.interest.is_readable(),
            Direction::Write => known.interest.is_writable(),
        });
        waiting.extend(self.due_timers());
        let mut events = Events::with_capacity(self.room);
        let rounds = self.most_rounds();
        let until_ns = self.world.now_ns() + 4 * MS;
        let mut round = 0;
        while round < rounds || self.world.now_ns() < until_ns {
            round += 1;
            if waiting.is_empty() {
                return;
            }
            events.clear();
            let timeout = Some(Duration::from_nanos(60 * MS));
            fork.select(&mut events, timeout).unwrap();
            for event in &events {
                let token = event.token().0;
                assert!(token != WAKER, "the waker is not the fork's");
                let is_known = self.known.contains_key(&token)
                    || (token.checked_sub(TIMERS)).is_some_and(|id| id < self.timers.len());
                assert!(is_known, "an event of nobody in a fork");
                waiting.retain(|other| *other != token);
            }
        }
        panic!("{}: a fork lost {waiting:?}", self.world.name());
    }
}

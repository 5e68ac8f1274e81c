//! Random programs on random hosts, against a model that knows what is registered and
//! armed, and asks the scripted world what is ready.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use proptest::prelude::*;

use super::super::selector::Selector;
use super::host::{Happening, Kind, MS, Scripted, Shared, World};
use super::rig::{READ, WRITE};
use super::rules::{ALL, Lie, Rules};
use crate::io_outcome::IoOutcome;
use crate::portable::{Config, Direction, Expiry, Key};
use crate::{Events, Interest, Mode, RawDescriptor, Token};

const FDS: u32 = 24;
const ROOM: usize = 1024;
const WAKER: usize = 1 << 40;
const TIMERS: usize = 1 << 41;

#[derive(Clone, Debug)]
enum Op {
    Open {
        fd: u32,
        kind: u8,
        interest: u8,
        mode: u8,
    },
    Reregister {
        fd: u32,
        interest: u8,
        mode: u8,
    },
    Close {
        fd: u32,
    },
    Arrive {
        fd: u32,
        bytes: u64,
        after_ns: u64,
    },
    Room {
        fd: u32,
        room: bool,
    },
    Fail {
        fd: u32,
        reset: bool,
    },
    Wake,
    Timer {
        id: usize,
        after_ns: u64,
    },
    Select {
        timeout_ns: u64,
    },
    Settle,
}

fn op() -> impl Strategy<Value = Op> {
    let fd = 3..3 + FDS;
    let delay = prop_oneof![Just(0), 1..3 * MS, 1..80 * MS];
    let timeout = prop_oneof![Just(0), 1..2 * MS, Just(20 * MS), 1..90 * MS];
    prop_oneof![
        4 => (fd.clone(), 0..8u8, 1..4u8, 0..3u8)
            .prop_map(|(fd, kind, interest, mode)| Op::Open { fd, kind, interest, mode }),
        2 => (fd.clone(), 1..4u8, 0..3u8)
            .prop_map(|(fd, interest, mode)| Op::Reregister { fd, interest, mode }),
        2 => fd.clone().prop_map(|fd| Op::Close { fd }),
        6 => (fd.clone(), prop_oneof![Just(1), 2..9000u64], delay.clone())
            .prop_map(|(fd, bytes, after_ns)| Op::Arrive { fd, bytes, after_ns }),
        2 => (fd.clone(), any::<bool>()).prop_map(|(fd, room)| Op::Room { fd, room }),
        1 => (fd, any::<bool>()).prop_map(|(fd, reset)| Op::Fail { fd, reset }),
        1 => Just(Op::Wake),
        2 => (0..4usize, delay).prop_map(|(id, after_ns)| Op::Timer { id, after_ns }),
        5 => timeout.prop_map(|timeout_ns| Op::Select { timeout_ns }),
        2 => Just(Op::Settle),
    ]
}

struct Known {
    fd: u32,
    key: Key,
    interest: Interest,
    mode: Mode,
    armed: [bool; 2],
}

struct Model {
    rules: Rules,
    world: Shared,
    selector: Selector<Scripted>,
    events: Events,
    /// By token: each registration has its own.
    known: HashMap<usize, Known>,
    by_fd: BTreeMap<u32, usize>,
    next_token: usize,
    woken: bool,
    /// None in a program of usual turns.
    timers: Vec<(Key, Option<u64>)>,
}

fn mode(number: u8) -> Mode {
    [Mode::Edge, Mode::Level, Mode::Oneshot][usize::from(number)]
}

fn interest(number: u8) -> Interest {
    [READ, WRITE, READ | WRITE][usize::from(number) - 1]
}

impl Model {
    fn new(rules: Rules, room: usize, with_timers: bool) -> Self {
        let world = Shared::new(rules);
        world.lock().keep_calls = false;
        let selector = Selector::<Scripted>::new(Config::DEFAULT).unwrap();
        selector.set_waker(Token(WAKER)).unwrap();
        let timers = (0..if with_timers { 4 } else { 0 })
            .map(|id| {
                (
                    selector.register_timer(Token(TIMERS + id), None).unwrap(),
                    None,
                )
            })
            .collect();
        Self {
            rules,
            world,
            selector,
            events: Events::with_capacity(room),
            known: HashMap::new(),
            by_fd: BTreeMap::new(),
            next_token: 0,
            woken: false,
            timers,
        }
    }

    fn on_world(&self, fd: u32, change: impl FnOnce(&mut World)) {
        if self.by_fd.contains_key(&fd) {
            change(&mut self.world.lock());
        }
    }

    fn run(&mut self, op: &Op) {
        match *op {
            Op::Open {
                fd,
                kind,
                interest: asked,
                mode: how,
            } => {
                self.open(fd, kind, interest(asked), mode(how));
            }
            Op::Reregister {
                fd,
                interest: asked,
                mode: how,
            } => {
                self.reregister(fd, interest(asked), mode(how));
            }
            Op::Close { fd } => self.close(fd),
            Op::Arrive {
                fd,
                bytes,
                after_ns,
            } => self.on_world(fd, |world| {
                world.after(after_ns, Happening::Bytes(fd, bytes));
            }),
            Op::Room { fd, room } => self.on_world(fd, |world| {
                let descriptor = world.fd(fd);
                descriptor.room = room || descriptor.kind != Kind::Stream;
            }),
            Op::Fail { fd, reset } => self.on_world(fd, |world| {
                let descriptor = world.fd(fd);
                if descriptor.kind == Kind::Stream {
                    descriptor.reset |= reset;
                    descriptor.ended |= !reset;
                }
            }),
            Op::Wake => {
                self.selector.wake().unwrap();
                self.woken = true;
            }
            Op::Timer { id, .. } if id >= self.timers.len() => {}
            Op::Timer { id, after_ns } => {
                let deadline_ns = self.selector.now_ns() + after_ns;
                let expiry = (!after_ns.is_multiple_of(5)).then_some(Expiry {
                    deadline_ns,
                    period_ns: 0,
                });
                self.selector.set_timer(self.timers[id].0, expiry).unwrap();
                self.timers[id].1 = expiry.map(|_| deadline_ns);
            }
            Op::Select { timeout_ns } => {
                self.select(timeout_ns, true);
            }
            Op::Settle => self.settle(),
        }
    }

    fn open(&mut self, fd: u32, kind: u8, interest: Interest, mode: Mode) {
        if self.by_fd.contains_key(&fd) {
            let fd = RawDescriptor::try_from(fd).unwrap();
            let again = self.selector.register(fd, Token(1), interest, mode);
            assert_eq!(again.unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
            return;
        }
        let (kind, interest) = match kind {
            0 => (Kind::Listener, READ),
            1 => (Kind::File, interest),
            _ => (Kind::Stream, interest),
        };
        // One host never waits for a second direction of a descriptor.
        let both = interest == READ | WRITE;
        let interest = if both && self.rules.first_direction_only {
            READ
        } else {
            interest
        };
        self.world.lock().open(fd, kind);
        let token = self.next_token;
        self.next_token += 1;
        let raw = RawDescriptor::try_from(fd).unwrap();
        let key = self
            .selector
            .register(raw, Token(token), interest, mode)
            .unwrap();
        let armed = [interest.is_readable(), interest.is_writable()];
        let known = Known {
            fd,
            key,
            interest,
            mode,
            armed,
        };
        self.known.insert(token, known);
        self.by_fd.insert(fd, token);
    }

    fn reregister(&mut self, fd: u32, interest: Interest, mode: Mode) {
        let Some(token) = self.by_fd.get(&fd) else {
            return;
        };
        let known = self.known.get_mut(token).unwrap();
        let both = interest == READ | WRITE;
        let interest = if both && self.rules.first_direction_only {
            READ
        } else {
            interest
        };
        self.selector
            .reregister(known.key, Token(*token), interest, mode)
            .unwrap();
        (known.interest, known.mode) = (interest, mode);
        known.armed = [interest.is_readable(), interest.is_writable()];
    }

    fn close(&mut self, fd: u32) {
        let Some(token) = self.by_fd.remove(&fd) else {
            return;
        };
        let known = self.known.remove(&token).unwrap();
        self.selector.deregister(known.key).unwrap();
        assert!(self.selector.deregister(known.key).is_err());
        let mut world = self.world.lock();
        world.fds.remove(&fd);
        world.gone.insert(fd);
    }

    /// Selects and checks every event; returns the tokens. If it is not `timed`, there must be
    /// something to report.
    fn select(&mut self, timeout_ns: u64, timed: bool) -> Vec<usize> {
        let (before_ns, polls) = {
            let world = self.world.lock();
            (world.now_ns, world.polls)
        };
        self.events.clear();
        let timeout = timed.then(|| Duration::from_nanos(timeout_ns));
        self.selector.select(&mut self.events, timeout).unwrap();
        let (now_ns, calls) = {
            let world = self.world.lock();
            (world.now_ns, world.polls - polls)
        };
        let elapsed_ns = now_ns - before_ns;
        let backwards = self.rules.lie == Some(Lie::ClockBackwards);
        if self.events.is_empty() && !backwards {
            assert!(
                elapsed_ns >= timeout_ns,
                "early: {elapsed_ns} of {timeout_ns}"
            );
        }
        let slack_ns = self.rules.slack_ns(calls, u64::from(2 * FDS)) + MS;
        assert!(
            elapsed_ns <= timeout_ns + slack_ns,
            "late: {elapsed_ns} of {timeout_ns}"
        );
        let tokens: Vec<usize> = self.events.iter().map(|event| event.token().0).collect();
        for (place, token) in tokens.iter().enumerate() {
            assert!(!tokens[..place].contains(token), "two events of {token}");
        }
        let events: Vec<_> = self.events.iter().cloned().collect();
        for event in &events {
            self.check(event, now_ns);
        }
        tokens
    }

    fn check(&mut self, event: &crate::event::Event, now_ns: u64) {
        let token = event.token().0;
        if token == WAKER {
            assert!(std::mem::take(&mut self.woken), "nobody woke it");
            return;
        }
        if token >= TIMERS {
            let deadline_ns = self.timers[token - TIMERS]
                .1
                .take()
                .expect("it was not set");
            assert!(now_ns >= deadline_ns, "a timer is early");
            return;
        }
        let known = self.known.get_mut(&token).expect("an event of nobody");
        let said = [event.is_readable(), event.is_writable()];
        assert!(said[0] || said[1], "an event that says nothing");
        let world = self.world.lock();
        for (direction, said) in said.into_iter().enumerate() {
            if !said || event.is_error() {
                continue;
            }
            assert!(known.armed[direction], "a direction that is not armed");
            // With little room an event may be older than what was read since.
            let exact = self.rules.is_honest() && self.events.capacity() == ROOM;
            if exact && self.rules.files == super::rules::Files::Ready {
                let ready = world.is_ready(known.fd, direction == 1);
                assert!(ready, "{}: a spurious event", self.rules.name);
            }
        }
        drop(world);
        let armed = known.armed[0] || known.armed[1];
        assert!(armed, "an event of a source that is silent");
        match known.mode {
            Mode::Level => {}
            Mode::Edge if !event.is_error() => {
                for (armed, said) in known.armed.iter_mut().zip(said) {
                    *armed &= !said;
                }
            }
            Mode::Edge | Mode::Oneshot => known.armed = [false; 2],
        }
        // The selector may know more than the event says: what failed is silent.
        for direction in Direction::BOTH {
            let is = self.selector.is_armed(known.key, direction);
            assert_eq!(is, known.armed[direction as usize], "{event:?}");
        }
    }

    /// What is armed and ready, by token, with the directions.
    fn waiting(&self) -> Vec<usize> {
        let world = self.world.lock();
        let waits = |known: &Known| {
            (0..2)
                .any(|direction| known.armed[direction] && world.is_ready(known.fd, direction == 1))
        };
        // One host is silent about resets.
        let silent = |known: &Known| {
            let reset = world
                .fds
                .get(&known.fd)
                .is_some_and(|descriptor| descriptor.reset);
            reset && self.rules.reset == super::rules::Reset::Silence
        };
        let known = self.known.iter();
        let known = known.filter(|(_, known)| waits(known) && !silent(known));
        known.map(|(token, _)| *token).collect()
    }

    /// Polls until everything that is armed and ready now has been reported, and all that
    /// is reported is drained on the way. It must come to that.
    fn settle(&mut self) {
        let mut waiting = self.waiting();
        let due: Vec<usize> = (0..self.timers.len())
            .filter(|id| {
                self.timers[*id]
                    .1
                    .is_some_and(|at| at <= self.world.lock().now_ns)
            })
            .map(|id| TIMERS + id)
            .collect();
        waiting.extend(due);
        waiting.extend(self.woken.then_some(WAKER));
        // In so many polls, or in the time in which a doubtful answer is looked at again.
        let rounds = 40 + 12 * self.known.len();
        let until_ns = self.world.lock().now_ns + 4 * MS;
        let mut round = 0;
        while round < rounds || self.world.lock().now_ns < until_ns {
            round += 1;
            if waiting.is_empty() {
                return;
            }
            let timed = !self.timers.is_empty() || !self.rules.is_honest();
            for token in self.select(60 * MS, timed) {
                waiting.retain(|other| *other != token);
                self.drain(token);
            }
        }
        panic!("{}: lost {waiting:?} after {round} polls", self.rules.name);
    }

    /// Reads and writes until that blocks.
    fn drain(&mut self, token: usize) {
        let Some(known) = self.known.get_mut(&token) else {
            return;
        };
        {
            let mut world = self.world.lock();
            let descriptor = world.fd(known.fd);
            descriptor.pending = 0;
            if descriptor.kind == Kind::Stream {
                descriptor.room = false;
            }
        }
        if known.mode != Mode::Edge {
            return;
        }
        for (direction, wanted) in Direction::BOTH
            .into_iter()
            .zip([known.interest.is_readable(), known.interest.is_writable()])
        {
            self.selector
                .after_io(known.key, direction, IoOutcome::WouldBlock);
            known.armed[direction as usize] |= wanted;
        }
    }
}

fn rules() -> impl Strategy<Value = Rules> {
    let lies = super::rules::LIES.map(|lie| ALL[0].lying(lie));
    // Errors on everything and answers that replace the true ones lose events; the rest must not.
    let lies = lies
        .into_iter()
        .filter(|rules| rules.lie != Some(Lie::GarbageErrno));
    let all: Vec<Rules> = ALL.into_iter().chain(lies).collect();
    proptest::sample::select(all)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_programs_lose_nothing_and_see_nothing_that_is_not_there(
        rules in rules(),
        room in prop_oneof![Just(1_usize), 2..6_usize, Just(ROOM)],
        with_timers: bool,
        ops in proptest::collection::vec(op(), 1..60),
    ) {
        let mut model = Model::new(rules, room, with_timers);
        for op in &ops {
            model.run(op);
        }
        model.settle();
    }
}

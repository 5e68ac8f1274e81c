//! A program, step by step, and what is known of the selector meanwhile.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{Fault, How, Kind, Op, World};
use crate::io_outcome::IoOutcome;
use crate::portable::{Config, Direction, Expiry, Key, Selector};
use crate::{Events, Interest, Mode, Token};

pub(super) const WAKER: usize = 1 << 40;
pub(super) const TIMERS: usize = 1 << 41;

/// A registration.
pub(super) struct Known {
    pub(super) id: u32,
    pub(super) key: Key,
    pub(super) interest: Interest,
    pub(super) mode: Mode,
    pub(super) armed: [bool; 2],
    /// Whether it was ready at some time since it was registered.
    pub(super) was_ready: [bool; 2],
}

pub(super) struct Timer {
    pub(super) key: Key,
    pub(super) token: usize,
    /// The earliest time of its next event, and the latest: which periods were missed before the
    /// last event depends on when the selector read the clock.
    pub(super) deadline_ns: Option<(u64, u64)>,
    pub(super) period_ns: u64,
}

impl Timer {
    pub(super) const fn is_set(&self) -> bool {
        self.deadline_ns.is_some()
    }
}

pub(super) struct Model<W: World> {
    pub(super) world: W,
    pub(super) selector: Selector<W::Backend>,
    pub(super) events: Events,
    pub(super) room: usize,
    /// Whether the last select may have had leftovers.
    pub(super) was_small: bool,
    /// The sources that are open.
    pub(super) open: BTreeMap<u32, Kind>,
    /// The registrations by token. No two have the same, and `reregister` gives a new one.
    pub(super) known: HashMap<usize, Known>,
    pub(super) by_id: BTreeMap<u32, usize>,
    next_token: usize,
    /// The registrations that ended since the last update, and the most that there were room for.
    pub(super) ended: usize,
    most: usize,
    /// Whether a wake has come that is to be reported.
    pub(super) woken: Arc<AtomicBool>,
    /// The same, or it is still to come.
    pub(super) wakes: bool,
    pub(super) timers: BTreeMap<usize, Timer>,
    /// The sources that a fault may report, and whether calls may have failed.
    pub(super) doubtful: HashSet<u32>,
    pub(super) had_errors: bool,
}

impl<W: World> Model<W> {
    pub(super) fn new(world: W, room: usize) -> Self {
        let selector = Selector::new(Config::DEFAULT).unwrap();
        selector.set_waker(Token(WAKER)).unwrap();
        Self {
            world,
            selector,
            events: Events::with_capacity(room),
            room,
            was_small: false,
            open: BTreeMap::new(),
            known: HashMap::new(),
            by_id: BTreeMap::new(),
            next_token: 0,
            ended: 0,
            most: 0,
            woken: Arc::default(),
            wakes: false,
            timers: BTreeMap::new(),
            doubtful: HashSet::new(),
            had_errors: false,
        }
    }

    pub(super) fn run(&mut self, op: Op) {
        self.note_ready();
        match op {
            Op::Register {
                id,
                kind,
                interest,
                mode,
            } => self.register(id, kind, interest, mode),
            Op::Reregister { id, interest, mode } => self.reregister(id, interest, mode),
            Op::Deregister { id } => self.deregister(id),
            Op::Close { id } => self.close(id),
            Op::Wake { after_ns } => self.wake(after_ns),
            Op::Fault(fault) => self.fault(fault),
            Op::Timer {
                id,
                after_ns,
                period_ns,
            } => self.set_timer(id, after_ns, period_ns),
            Op::DropTimer { id } => self.drop_timer(id),
            Op::Select { timeout, room } => self.select_for(timeout, room),
            Op::Fork => self.fork(),
            Op::FindNothing => self.find_nothing(),
            Op::Settle { drains, wakes } => self.settle(drains, wakes),
            Op::Arrive { id, .. }
            | Op::Room { id, .. }
            | Op::End { id, .. }
            | Op::Io { id, .. } => {
                if self.open.contains_key(&id) {
                    self.use_source(op);
                }
            }
        }
    }

    /// Notes which sources are ready before that changes.
    pub(super) fn note_ready(&mut self) {
        for known in self.known.values_mut() {
            for direction in Direction::BOTH {
                known.was_ready[direction as usize] |= self.world.is_ready(known.id, direction);
            }
        }
    }

    /// One wake at a time: nobody can tell whether one that comes during a wait is reported alone.
    pub(super) fn wake(&mut self, after_ns: u64) {
        if !self.wakes {
            let woken = Arc::clone(&self.woken);
            self.world.wake(&self.selector, after_ns, woken);
        } else if self.woken.load(Ordering::Relaxed) {
            // They merge.
            self.selector.wake().unwrap();
        }
        self.wakes = true;
    }

    fn use_source(&mut self, op: Op) {
        match op {
            Op::Arrive {
                id,
                bytes,
                after_ns,
            } if self.open[&id] != Kind::File => self.world.arrive(id, bytes, after_ns),
            Op::Arrive { .. } => {}
            Op::Room { id, room } => self.world.set_room(id, room),
            Op::End { id, resets } => self.world.end(id, resets),
            Op::Io { id, direction, how } => {
                self.io(id, direction, how);
            }
            _ => unreachable!("not about a source"),
        }
    }

    fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::Spurious(id) => {
                self.doubtful.insert(id);
            }
            Fault::Error(_) => self.had_errors = true,
            Fault::Early | Fault::Late(_) | Fault::Jump(_) => {}
        }
        self.world.faults(|faults| faults.push(fault));
    }

    /// The token of the next registration.
    fn new_token(&mut self) -> usize {
        self.next_token += 1;
        self.next_token
    }

    pub(super) fn register(&mut self, id: u32, kind: Kind, interest: Interest, mode: Mode) {
        let kind = *self.open.entry(id).or_insert_with(|| {
            self.world.open(id, kind);
            kind
        });
        let interest = match kind {
            Kind::Listener => Interest::READABLE,
            Kind::Stream | Kind::File => self.world.supported(interest),
        };
        let is_known = self.by_id.contains_key(&id);
        if is_known && !self.world.is_exclusive(id) {
            return;
        }
        let token = self.new_token();
        let result = (self.world).register(&self.selector, id, Token(token), interest, mode);
        let key = match result {
            Err(error) if is_known => {
                return assert_eq!(error.kind(), std::io::ErrorKind::AlreadyExists);
            }
            Err(error) => return self.assert_explained(&error),
            Ok(key) => key,
        };
        assert!(!is_known, "a source is registered twice");
        let armed = [interest.is_readable(), interest.is_writable()];
        let known = Known {
            id,
            key,
            interest,
            mode,
            armed,
            was_ready: [false; 2],
        };
        self.known.insert(token, known);
        self.by_id.insert(id, token);
        self.most = self.most.max(self.known.len() + self.ended);
        let index = usize::try_from(key.index).unwrap();
        assert!(index < self.most, "registrations leak");
    }

    pub(super) fn reregister(&mut self, id: u32, interest: Interest, mode: Mode) {
        let Some(token) = self.by_id.remove(&id) else {
            return;
        };
        let mut known = self.known.remove(&token).unwrap();
        let token = self.new_token();
        let interest = self.world.supported(interest);
        self.selector
            .reregister(known.key, Token(token), interest, mode)
            .unwrap();
        (known.interest, known.mode) = (interest, mode);
        known.armed = [interest.is_readable(), interest.is_writable()];
        self.known.insert(token, known);
        self.by_id.insert(id, token);
    }

    pub(super) fn deregister(&mut self, id: u32) {
        let Some(token) = self.by_id.remove(&id) else {
            return;
        };
        let known = self.known.remove(&token).unwrap();
        self.ended += 1;
        self.selector.deregister(known.key).unwrap();
        assert!(self.selector.deregister(known.key).is_err());
    }

    pub(super) fn close(&mut self, id: u32) {
        self.deregister(id);
        if self.open.remove(&id).is_some() {
            self.world.close(id);
        }
    }

    fn set_timer(&mut self, id: usize, after_ns: Option<u64>, period_ns: u64) {
        let now_ns = self.selector.now_ns();
        let expiry = after_ns.map(|after_ns| Expiry {
            deadline_ns: now_ns + after_ns,
            period_ns,
        });
        let token = TIMERS + self.new_token();
        let selector = &self.selector;
        let timer = self.timers.entry(id).or_insert_with(|| Timer {
            key: selector.register_timer(Token(token), None).unwrap(),
            token,
            deadline_ns: None,
            period_ns: 0,
        });
        selector.set_timer(timer.key, expiry).unwrap();
        timer.deadline_ns = expiry.map(|expiry| (expiry.deadline_ns, expiry.deadline_ns));
        timer.period_ns = period_ns;
    }

    pub(super) fn drop_timer(&mut self, id: usize) {
        if let Some(timer) = self.timers.remove(&id) {
            self.selector.deregister_timer(timer.key).unwrap();
            assert!(self.selector.deregister_timer(timer.key).is_err());
        }
    }

    /// An operation; the selector learns what it shows of an edge-triggered source.
    pub(super) fn io(&mut self, id: u32, direction: Direction, how: How) -> IoOutcome {
        let outcome = self.world.io(id, direction, how);
        let Some(known) = (self.by_id.get(&id)).and_then(|token| self.known.get_mut(token)) else {
            return outcome;
        };
        if known.mode != Mode::Edge {
            return outcome;
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
        outcome
    }
}

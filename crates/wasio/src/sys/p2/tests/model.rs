//! The scripted 0.2 host as a world of the model that every backend runs.

use std::collections::HashSet;
use std::io;

use super::super::backend::P2;
use super::super::target::Target;
use super::host::{Bytes, Scripted, Shared};
use super::rules::{ALL, Rules};
use crate::portable::tests::model::{self, Faults, Input, Kind, Peer, SOURCES};
use crate::portable::{Direction, Key, Selector};
use crate::{Interest, Mode, RawDescriptor, Token};

/// Which sources are descriptors of libc.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Descriptors {
    None,
    /// Every third, and files.
    Some,
    All,
}

/// Runs the program that the bytes stand for.
pub(crate) fn run(input: &mut Input<'_>) {
    let rules = input.one_of(&ALL);
    let all = [Descriptors::None, Descriptors::Some, Descriptors::All];
    let descriptors = input.one_of(&all);
    input.program().run(World::new(rules, descriptors));
}

fn raw(id: u32) -> RawDescriptor {
    RawDescriptor::try_from(id).unwrap()
}

pub(super) struct World {
    rules: Rules,
    descriptors: Descriptors,
    world: Shared,
    /// They have no pollable to write.
    listeners: HashSet<u32>,
}

impl World {
    pub(super) fn new(rules: Rules, descriptors: Descriptors) -> Self {
        Self {
            rules,
            descriptors,
            world: Shared::new(rules),
            listeners: HashSet::new(),
        }
    }

    fn is_descriptor(&self, id: u32) -> bool {
        match self.descriptors {
            Descriptors::None => false,
            Descriptors::Some => id.is_multiple_of(3),
            Descriptors::All => true,
        }
    }
}

impl model::World for World {
    type Backend = P2<Scripted>;

    fn name(&self) -> &'static str {
        self.rules.name
    }

    fn open(&mut self, id: u32, kind: Kind) {
        let mut world = self.world.lock();
        if self.is_descriptor(id) {
            world.open_fd(id);
        } else {
            world.open(id);
        }
        world.source(id).room = kind == Kind::Stream;
        if kind == Kind::Listener {
            self.listeners.insert(id);
        }
    }

    fn register(
        &mut self,
        selector: &Selector<Self::Backend>,
        id: u32,
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<Key> {
        if self.is_descriptor(id) {
            return selector.register(raw(id), token, interest, mode);
        }
        let [read, write] = self.world.lock().source(id).handles;
        let write = write.filter(|_| !self.listeners.contains(&id));
        selector.register_source(Target::pollables(read, write), token, interest, mode)
    }

    fn is_exclusive(&self, id: u32) -> bool {
        self.is_descriptor(id)
    }

    fn close(&mut self, id: u32) {
        self.world.close(id);
        self.listeners.remove(&id);
    }

    /// A reset is a failure of libc; the host's own sources are only ready.
    fn peer<R>(&mut self, id: u32, f: impl FnOnce(Peer<'_>) -> R) -> R {
        let mut world = self.world.lock();
        let source = world.source(id);
        let kind = if self.listeners.contains(&id) {
            Kind::Listener
        } else {
            Kind::Stream
        };
        f(Peer {
            kind,
            pending: &mut source.pending,
            room: &mut source.room,
            ended: &mut source.ended,
            failed: &mut source.failed,
        })
    }

    fn arrive(&mut self, id: u32, bytes: u64, after_ns: u64) {
        let mut world = self.world.lock();
        world.after(after_ns, Bytes(id, bytes));
    }

    fn is_expecting(&self) -> bool {
        self.world.lock().is_expecting()
    }

    fn faults<R>(&mut self, f: impl FnOnce(&mut Faults) -> R) -> R {
        f(&mut self.world.lock().faults)
    }

    fn is_ready(&self, id: u32, direction: Direction) -> bool {
        let has_it = direction == Direction::Read || !self.listeners.contains(&id);
        has_it && self.world.lock().is_ready(id, direction)
    }

    fn is_honest(&self) -> bool {
        self.rules.is_honest()
    }

    fn now_ns(&self) -> u64 {
        self.world.lock().now_ns
    }

    fn clock_ns(&self) -> u64 {
        self.world.lock().read_clock()
    }

    fn pass(&mut self, ns: u64) {
        self.world.lock().now_ns += ns;
    }

    fn calls(&self) -> u64 {
        self.world.lock().polls
    }

    fn most_idle_calls(&self, _slots: u64) -> u64 {
        match self.descriptors {
            // Those of a pause that ends, too.
            Descriptors::None => 8,
            // Two in each slice of 10 ms, and some in shorter ones.
            Descriptors::Some | Descriptors::All => 250,
        }
    }

    fn slack_ns(&self, calls: u64) -> u64 {
        self.rules.slack_ns(calls, u64::from(2 * SOURCES) + 1)
    }

    fn early_ns(&self) -> u64 {
        self.rules.early_ns()
    }

    fn kept(&self) -> usize {
        self.world.lock().live_pollables()
    }
}

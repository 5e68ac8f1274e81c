//! Random programs on random 0.2 hosts: the model of every backend.

use std::collections::HashSet;

use proptest::prelude::*;

use super::super::backend::P2;
use super::super::target::Target;
use super::host::{Bytes, Scripted, Shared};
use super::rig::raw;
use super::rules::{ALL, Rules};
use crate::io_outcome::IoOutcome;
use crate::portable::tests::model::{self, Kind, SOURCES, program};
use crate::portable::{Direction, Key, Selector};
use crate::{Interest, Mode, Token};

/// Which sources are descriptors of libc.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum Descriptors {
    None,
    /// Every third, and files.
    Some,
    All,
}

struct World {
    rules: Rules,
    descriptors: Descriptors,
    world: Shared,
    /// They have no pollable to write.
    listeners: HashSet<u32>,
}

impl World {
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

    fn open(
        &mut self,
        selector: &Selector<Self::Backend>,
        (id, kind): (u32, Kind),
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> Key {
        let key = if self.is_descriptor(id) {
            self.world.lock().open_fd(id);
            selector.register(raw(id), token, interest, mode)
        } else {
            let [read, write] = self.world.lock().open(id);
            let write = write.filter(|_| kind != Kind::Listener);
            selector.register_source(Target::pollables(read, write), token, interest, mode)
        };
        self.world.lock().source(id).room = kind == Kind::Stream;
        if kind == Kind::Listener {
            self.listeners.insert(id);
        }
        key.unwrap()
    }

    fn open_again(&mut self, selector: &Selector<Self::Backend>, id: u32) {
        if self.is_descriptor(id) {
            let again = selector.register(raw(id), Token(1), Interest::READABLE, Mode::Edge);
            assert_eq!(again.unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
        }
    }

    fn close(&mut self, id: u32) {
        self.world.close(id);
        self.listeners.remove(&id);
    }

    fn arrive(&mut self, id: u32, bytes: u64, after_ns: u64) {
        let mut world = self.world.lock();
        world.after(after_ns, Bytes(id, bytes));
    }

    fn set_room(&mut self, id: u32, room: bool) {
        self.world.lock().source(id).room = room && !self.listeners.contains(&id);
    }

    /// A reset is a failure of libc; the host's own sources are only ready.
    fn fail(&mut self, id: u32, reset: bool) {
        let mut world = self.world.lock();
        let source = world.source(id);
        source.failed |= reset;
        source.ended |= !reset;
    }

    fn read(&mut self, id: u32, all: bool) -> IoOutcome {
        let mut world = self.world.lock();
        let source = world.source(id);
        let moved = if all { source.pending } else { 1 };
        if source.pending == 0 {
            return if source.ended && !source.failed {
                IoOutcome::Eof
            } else {
                IoOutcome::WouldBlock
            };
        }
        source.pending -= moved;
        if all {
            IoOutcome::Partial
        } else {
            IoOutcome::Complete
        }
    }

    fn write(&mut self, id: u32) -> IoOutcome {
        let mut world = self.world.lock();
        if std::mem::take(&mut world.source(id).room) {
            IoOutcome::Partial
        } else {
            IoOutcome::WouldBlock
        }
    }

    /// Only libc's can.
    fn fail_next_call(&mut self) {
        self.world.lock().fd_failures += 1;
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

    fn calls(&self) -> u64 {
        self.world.lock().polls
    }

    fn slack_ns(&self, calls: u64) -> u64 {
        self.rules.slack_ns(calls, u64::from(2 * SOURCES) + 1)
    }

    fn early_ns(&self) -> u64 {
        self.rules.early_ns()
    }
}

fn descriptors() -> impl Strategy<Value = Descriptors> {
    prop_oneof![
        3 => Just(Descriptors::None),
        2 => Just(Descriptors::Some),
        1 => Just(Descriptors::All),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_programs_lose_nothing_and_see_nothing_that_is_not_there(
        rules in proptest::sample::select(ALL.to_vec()),
        descriptors in descriptors(),
        program in program(),
    ) {
        let world = Shared::new(rules);
        program.run(World { rules, descriptors, world, listeners: HashSet::new() });
    }
}

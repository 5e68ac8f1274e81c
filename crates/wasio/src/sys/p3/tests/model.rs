//! Random programs on random 0.3 hosts: the model of every backend.

use std::collections::{HashMap, HashSet};
use std::io;

use proptest::prelude::*;

use super::super::backend::P3;
use super::host::MS;
use super::rig::{Source, Turn, host};
use super::rules::{ALL, Rules};
use crate::io_outcome::IoOutcome;
use crate::portable::tests::model::{
    self, Faults, How, Kind, Op, Program, Timeout, config, program,
};
use crate::portable::{Direction, Key, Selector};
use crate::{Interest, Mode, Token};

struct World {
    rules: Rules,
    sources: HashMap<u32, Source>,
    /// They have nothing to write to.
    listeners: HashSet<u32>,
    /// No call of this host fails: a misuse ends the test.
    faults: Faults,
}

impl World {
    fn new(rules: Rules) -> Self {
        Self {
            rules,
            sources: HashMap::new(),
            listeners: HashSet::new(),
            faults: Faults::default(),
        }
    }

    fn source(&mut self, id: u32) -> &mut Source {
        self.sources.get_mut(&id).expect("an open source")
    }

    fn read(&mut self, id: u32, len: usize) -> IoOutcome {
        match self.source(id).read(len) {
            Ok(count) => IoOutcome::of_stream(count, len),
            Err(error) => IoOutcome::of_stream_error(&error),
        }
    }

    fn write(&mut self, id: u32, len: usize) -> IoOutcome {
        match self.source(id).write(len as u64) {
            Ok(count) => IoOutcome::of_stream(count, len),
            Err(error) => IoOutcome::of_stream_error(&error),
        }
    }
}

impl model::World for World {
    type Backend = P3;

    fn name(&self) -> &'static str {
        self.rules.name
    }

    fn open(&mut self, id: u32, kind: Kind) {
        let source = match kind {
            Kind::Listener => {
                self.listeners.insert(id);
                Source::open_listener(id)
            }
            _ => Source::open(id),
        };
        source.set_room(kind == Kind::Stream);
        self.sources.insert(id, source);
    }

    fn register(
        &mut self,
        selector: &Selector<P3>,
        id: u32,
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<Key> {
        // The model registers other interests without the source, so all of them are armed here.
        let target = self.sources[&id].target();
        selector.register_source(target, token, interest, mode)
    }

    /// It is registered by its type alone, which knows that it is.
    fn is_exclusive(&self, _: u32) -> bool {
        false
    }

    fn close(&mut self, id: u32) {
        self.sources.remove(&id);
        self.listeners.remove(&id);
        host().check();
    }

    fn arrive(&mut self, id: u32, bytes: u64, after_ns: u64) {
        host().after(after_ns, id, bytes);
    }

    fn set_room(&mut self, id: u32, room: bool) {
        if !self.listeners.contains(&id) {
            self.source(id).set_room(room);
        }
    }

    fn end(&mut self, id: u32, resets: bool) {
        if !self.listeners.contains(&id) {
            self.source(id).end(resets);
        }
    }

    fn io(&mut self, id: u32, direction: Direction, how: How) -> IoOutcome {
        match (how, direction) {
            (How::Blocked, _) => IoOutcome::WouldBlock,
            (How::Fails, _) => IoOutcome::Failed,
            (How::Peek, _) => IoOutcome::NoOp,
            (How::All | How::Short, Direction::Read) => self.read(id, 1 << 20),
            (How::One, Direction::Read) => self.read(id, 1),
            (_, Direction::Write) if self.listeners.contains(&id) => IoOutcome::NoOp,
            (_, Direction::Write) => self.write(id, 3),
        }
    }

    fn has_failed(&mut self, id: u32) -> bool {
        host().peers[&id].ended == Some(true)
    }

    fn pending(&mut self, id: u32) -> u64 {
        let read = self.source(id).read;
        host().peers[&id].sent - read
    }

    fn is_expecting(&self) -> bool {
        host().is_expecting()
    }

    fn faults<R>(&mut self, f: impl FnOnce(&mut Faults) -> R) -> R {
        f(&mut self.faults)
    }

    fn is_ready(&self, id: u32, direction: Direction) -> bool {
        let source = &self.sources[&id];
        let has_unsent = source.has_unsent();
        let host = host();
        host.check();
        let peer = &host.peers[&id];
        match direction {
            Direction::Read => peer.sent > source.read || peer.ended.is_some(),
            Direction::Write if self.listeners.contains(&id) => false,
            Direction::Write => !has_unsent || peer.room || peer.ended == Some(true),
        }
    }

    fn is_honest(&self) -> bool {
        true
    }

    fn now_ns(&self) -> u64 {
        let host = host();
        host.check();
        host.now_ns
    }

    fn pass(&mut self, ns: u64) {
        host().now_ns += ns;
    }

    fn calls(&self) -> u64 {
        host().calls
    }

    /// Those of a clock that ends the wait, which is asked again where it was early.
    fn most_idle_calls(&self, _: u64) -> u64 {
        40
    }

    fn slack_ns(&self, calls: u64) -> u64 {
        2 * MS + calls * 10_000
    }

    fn kept(&self) -> usize {
        host().in_flight()
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn random_programs_lose_nothing_and_misuse_no_operation(
        rules in proptest::sample::select(ALL.to_vec()),
        program in program(),
    ) {
        let _turn = Turn::new(rules);
        program.run(World::new(rules));
    }
}

/// A wake took the room of an event for both directions, of which one was then not asked for any more.
#[test]
fn an_event_that_waits_for_room_says_only_what_is_asked_for() {
    let stream = Op::open(
        3,
        Kind::Stream,
        Interest::READABLE | Interest::WRITABLE,
        Mode::Edge,
    );
    let ops = [
        stream,
        Op::Arrive {
            id: 3,
            bytes: 1,
            after_ns: 0,
        },
        Op::Wake { after_ns: 0 },
        Op::Select {
            timeout: Timeout::Ns(0),
            room: 1,
        },
        Op::Reregister {
            id: 3,
            interest: Interest::READABLE,
            mode: Mode::Edge,
        },
    ];
    for rules in ALL {
        let _turn = Turn::new(rules);
        Program::new(1, &ops).run(World::new(rules));
    }
}

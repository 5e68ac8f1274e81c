//! Random programs on random 0.3 hosts: the model of every backend.

use std::collections::HashMap;

use proptest::prelude::*;

use super::super::backend::P3;
use super::super::target::Target;
use super::host::MS;
use super::rig::{Source, Turn, host};
use super::rules::{ALL, Rules};
use crate::io_outcome::IoOutcome;
use crate::portable::tests::model::{self, Kind, program};
use crate::portable::{Direction, Key, Selector};
use crate::{Interest, Mode, Token};

struct World {
    rules: Rules,
    sources: HashMap<u32, Source>,
    /// They have nothing to write to.
    listeners: Vec<u32>,
}

impl World {
    fn source(&mut self, id: u32) -> &mut Source {
        self.sources.get_mut(&id).expect("an open source")
    }
}

impl model::World for World {
    type Backend = P3;

    fn name(&self) -> &'static str {
        self.rules.name
    }

    fn open(
        &mut self,
        selector: &Selector<P3>,
        (id, kind): (u32, Kind),
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> Key {
        let source = Source::open(id);
        source.set_room(kind == Kind::Stream);
        // The model registers other interests without the source, so all of them are armed here.
        source.receiver.arm();
        let write = (kind != Kind::Listener).then(|| source.sender.signal());
        if write.is_none() {
            self.listeners.push(id);
        }
        let target = Target::Signals([Some(source.receiver.signal()), write]);
        self.sources.insert(id, source);
        selector
            .register_source(target, token, interest, mode)
            .unwrap()
    }

    /// A source is registered by its type alone, which knows that it is.
    fn open_again(&mut self, _: &Selector<P3>, _: u32) {}

    fn close(&mut self, id: u32) {
        self.sources.remove(&id);
        self.listeners.retain(|other| *other != id);
        host().check();
    }

    fn arrive(&mut self, id: u32, bytes: u64, after_ns: u64) {
        host().after(after_ns, id, bytes);
    }

    fn set_room(&mut self, id: u32, room: bool) {
        self.source(id).set_room(room);
    }

    fn fail(&mut self, id: u32, reset: bool) {
        self.source(id).end(reset);
    }

    fn read(&mut self, id: u32, all: bool) -> IoOutcome {
        let len = if all { 1 << 20 } else { 1 };
        match self.source(id).read(len) {
            Ok(count) => IoOutcome::of_stream(count, len),
            Err(error) => IoOutcome::of_stream_error(&error),
        }
    }

    fn write(&mut self, id: u32) -> IoOutcome {
        if self.listeners.contains(&id) {
            return IoOutcome::WouldBlock;
        }
        match self.source(id).write(3) {
            Ok(count) => IoOutcome::of_stream(count, 3),
            Err(error) => IoOutcome::of_stream_error(&error),
        }
    }

    /// None of this host's calls can.
    fn fail_next_call(&mut self) {}

    fn is_ready(&self, id: u32, direction: Direction) -> bool {
        let source = &self.sources[&id];
        let has_unsent = source.sender.has_unsent();
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

    fn calls(&self) -> u64 {
        host().calls
    }

    fn slack_ns(&self, calls: u64) -> u64 {
        2 * MS + calls * 10_000
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_programs_lose_nothing_and_misuse_no_operation(
        rules in proptest::sample::select(ALL.to_vec()),
        program in program(),
    ) {
        let _turn = Turn::new(rules);
        program.run(World { rules, sources: HashMap::new(), listeners: Vec::new() });
    }
}

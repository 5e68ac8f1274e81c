//! Random programs on random 0.3 hosts: the model of every backend.

use std::collections::{HashMap, HashSet};
use std::io::{self, ErrorKind};

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

/// The room that is left after a read of all there is: more than that of a read in flight.
const AMPLE: usize = 1024;

struct World {
    rules: Rules,
    sources: HashMap<u32, Source>,
    /// They have nothing to write to.
    listeners: HashSet<u32>,
    /// A read has returned by which error they ended.
    reset: HashSet<u32>,
}

impl World {
    fn new(rules: Rules) -> Self {
        Self {
            rules,
            sources: HashMap::new(),
            listeners: HashSet::new(),
            reset: HashSet::new(),
        }
    }

    fn source(&mut self, id: u32) -> &mut Source {
        self.sources.get_mut(&id).expect("an open source")
    }

    /// All that came before the end is read before it, and by which error it ended is returned once.
    fn read(&mut self, id: u32, len: usize) -> IoOutcome {
        let result = self.source(id).read(len);
        let read = self.sources[&id].read;
        let (given, told) = {
            let peer = &host().peers[&id];
            (peer.given, peer.told)
        };
        match result {
            Ok(0) => {
                assert_eq!(read, given, "an end before the last byte");
                assert_eq!(told, Some(self.reset.contains(&id)), "an end by an error");
                IoOutcome::Eof
            }
            Ok(count) => IoOutcome::of_stream(count, len),
            Err(error) if error.kind() == ErrorKind::WouldBlock => IoOutcome::WouldBlock,
            Err(error) => {
                assert_eq!((read, told), (given, Some(true)), "{error}");
                assert!(self.reset.insert(id), "returned before: {error}");
                IoOutcome::of_stream_error(&error)
            }
        }
    }

    /// A write that the host refuses fails. So does each one after that.
    fn write(&mut self, id: u32, len: usize) -> IoOutcome {
        let result = self.source(id).write(len as u64);
        self.check_flush(id);
        let is_busy = self.sources[&id].has_unsent();
        let is_refused = host().peers[&id].refuses && !is_busy;
        match result {
            Ok(count) => {
                assert!(!is_refused, "a write to nobody");
                IoOutcome::of_stream(count, len)
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                assert!(is_busy, "a write that waits for nothing");
                IoOutcome::WouldBlock
            }
            Err(error) => {
                assert!(
                    is_refused && error.kind() == ErrorKind::BrokenPipe,
                    "{error}"
                );
                IoOutcome::Eof
            }
        }
    }

    /// Where the host takes no more, a flush does not say that it has taken all that was written.
    fn check_flush(&self, id: u32) {
        let source = &self.sources[&id];
        let (taken, refuses) = {
            let peer = &host().peers[&id];
            (peer.taken, peer.refuses)
        };
        match source.flush() {
            Ok(is_sent) => assert!(!is_sent || taken >= source.written, "a loss is not told"),
            Err(error) => assert!(refuses, "{error}"),
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
        self.check_flush(id);
        self.sources.remove(&id);
        self.listeners.remove(&id);
        self.reset.remove(&id);
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
            (How::All | How::Short, Direction::Read) => {
                let left = host().all_of(id) - self.source(id).read;
                self.read(id, AMPLE + usize::try_from(left).unwrap())
            }
            (How::One, Direction::Read) => self.read(id, 1),
            (_, Direction::Write) if self.listeners.contains(&id) => IoOutcome::NoOp,
            // From 4 kB on it is first written from the caller's memory.
            (How::Short, Direction::Write) => self.write(id, 5_000),
            (How::All | How::One, Direction::Write) => self.write(id, 3),
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
        f(&mut host().faults)
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
            Direction::Write => {
                !has_unsent || peer.room || peer.refuses || peer.ended == Some(true)
            }
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

    /// Those of a clock that ends the wait, which is asked again where it was early. And those of a
    /// long write to each source, where the host takes one half after the other.
    fn most_idle_calls(&self, slots: u64) -> u64 {
        let writes = if self.rules.takes_half { slots / 2 } else { 0 };
        40 + 42 * writes
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

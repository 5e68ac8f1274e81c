//! Random programs on the host of completions: the model of every backend.

use proptest::prelude::*;

use super::completions::{Completions, Happening, Host, raw};
use super::model::{self, Kind, MS, program};
use crate::io_outcome::IoOutcome;
use crate::portable::{Direction, Key, Selector};
use crate::{Interest, Mode, Token};

struct World(Host);

impl model::World for World {
    type Backend = Completions;

    /// A source has one operation in each direction, which belongs to one selector.
    const FORKS: bool = false;

    fn name(&self) -> &'static str {
        "completions"
    }

    fn open(
        &mut self,
        selector: &Selector<Completions>,
        (id, kind): (u32, Kind),
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> Key {
        let mut world = self.0.lock();
        let peer = world.open(id);
        peer.room = kind == Kind::Stream;
        peer.is_file = kind == Kind::File;
        drop(world);
        selector.register(raw(id), token, interest, mode).unwrap()
    }

    fn open_again(&mut self, selector: &Selector<Completions>, id: u32) {
        let again = selector.register(raw(id), Token(1), Interest::READABLE, Mode::Edge);
        assert_eq!(again.unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
    }

    fn close(&mut self, id: u32) {
        self.0.lock().close(id);
    }

    fn arrive(&mut self, id: u32, bytes: u64, after_ns: u64) {
        self.0.lock().after(after_ns, Happening::Bytes(id, bytes));
    }

    fn set_room(&mut self, id: u32, room: bool) {
        self.0.lock().peer(id).room = room;
    }

    fn fail(&mut self, id: u32, _reset: bool) {
        self.0.lock().peer(id).ended = true;
    }

    fn read(&mut self, id: u32, all: bool) -> IoOutcome {
        let mut world = self.0.lock();
        let peer = world.peer(id);
        let moved = if all { peer.pending } else { 1 };
        match peer.pending.checked_sub(moved) {
            _ if peer.is_file => IoOutcome::Complete,
            _ if peer.pending == 0 && peer.ended => IoOutcome::Eof,
            None | Some(_) if peer.pending == 0 => IoOutcome::WouldBlock,
            left => {
                peer.pending = left.unwrap_or(0);
                if all {
                    IoOutcome::Partial
                } else {
                    IoOutcome::Complete
                }
            }
        }
    }

    fn write(&mut self, id: u32) -> IoOutcome {
        if std::mem::take(&mut self.0.lock().peer(id).room) {
            IoOutcome::Partial
        } else {
            IoOutcome::WouldBlock
        }
    }

    fn fail_next_call(&mut self) {
        self.0.lock().fails = Some(std::io::ErrorKind::Other);
    }

    fn explains(&self, error: &std::io::Error) -> bool {
        error.kind() == std::io::ErrorKind::Other
    }

    fn is_ready(&self, id: u32, direction: Direction) -> bool {
        self.0.lock().is_ready(id, direction)
    }

    fn is_honest(&self) -> bool {
        true
    }

    fn now_ns(&self) -> u64 {
        self.0.lock().now_ns
    }

    fn calls(&self) -> u64 {
        self.0.lock().waits
    }

    fn slack_ns(&self, calls: u64) -> u64 {
        MS + calls * 100_000
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_programs_lose_nothing_and_misuse_no_operation(program in program()) {
        program.run(World(Host::new()));
    }
}

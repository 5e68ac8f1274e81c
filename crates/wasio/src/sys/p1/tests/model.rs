//! Random programs on random 0.1 hosts: the model of every backend.

use proptest::prelude::*;

use super::super::backend::P1;
use super::host::{Happening, Kind, MS, Scripted, Shared};
use super::rules::{ALL, EXACT, Files, LIES, Lie, Reset, Rules, UVWASI, WASI_COMMON};
use crate::io_outcome::IoOutcome;
use crate::portable::tests::model::{self, Op, Program, SOURCES, program};
use crate::portable::{Direction, Key, Selector};
use crate::{Interest, Mode, RawDescriptor, Token};

struct World {
    rules: Rules,
    world: Shared,
}

impl World {
    fn new(rules: Rules) -> Self {
        let world = Shared::new(rules);
        world.lock().keep_calls = false;
        Self { rules, world }
    }
}

fn raw(fd: u32) -> RawDescriptor {
    RawDescriptor::try_from(fd).unwrap()
}

impl model::World for World {
    type Backend = P1<Scripted>;

    fn name(&self) -> &'static str {
        self.rules.name
    }

    fn open(
        &mut self,
        selector: &Selector<Self::Backend>,
        (fd, kind): (u32, model::Kind),
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> Key {
        let kind = match kind {
            model::Kind::Stream => Kind::Stream,
            model::Kind::Listener => Kind::Listener,
            model::Kind::File => Kind::File,
        };
        self.world.lock().open(fd, kind);
        selector.register(raw(fd), token, interest, mode).unwrap()
    }

    fn open_again(&mut self, selector: &Selector<Self::Backend>, fd: u32) {
        let again = selector.register(raw(fd), Token(1), Interest::READABLE, Mode::Edge);
        assert_eq!(again.unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
    }

    fn close(&mut self, fd: u32) {
        let mut world = self.world.lock();
        world.fds.remove(&fd);
        world.gone.insert(fd);
    }

    fn arrive(&mut self, fd: u32, bytes: u64, after_ns: u64) {
        let mut world = self.world.lock();
        world.after(after_ns, Happening::Bytes(fd, bytes));
    }

    fn set_room(&mut self, fd: u32, room: bool) {
        let mut world = self.world.lock();
        let descriptor = world.fd(fd);
        descriptor.room = room || descriptor.kind != Kind::Stream;
    }

    fn fail(&mut self, fd: u32, reset: bool) {
        let mut world = self.world.lock();
        let descriptor = world.fd(fd);
        if descriptor.kind == Kind::Stream {
            descriptor.reset |= reset;
            descriptor.ended |= !reset;
        }
    }

    fn read(&mut self, fd: u32, all: bool) -> IoOutcome {
        let mut world = self.world.lock();
        let descriptor = world.fd(fd);
        let moved = if all { descriptor.pending } else { 1 };
        if descriptor.kind == Kind::File {
            return IoOutcome::Complete;
        }
        if descriptor.pending == 0 {
            return if descriptor.ended && !descriptor.reset {
                IoOutcome::Eof
            } else {
                IoOutcome::WouldBlock
            };
        }
        descriptor.pending -= moved;
        if all {
            IoOutcome::Partial
        } else {
            IoOutcome::Complete
        }
    }

    fn write(&mut self, fd: u32) -> IoOutcome {
        let mut world = self.world.lock();
        let descriptor = world.fd(fd);
        if descriptor.kind != Kind::Stream {
            return IoOutcome::NoOp;
        }
        if std::mem::take(&mut descriptor.room) {
            IoOutcome::Partial
        } else {
            IoOutcome::WouldBlock
        }
    }

    fn fail_next_call(&mut self) {
        self.world.lock().interrupts += 1;
    }

    fn is_ready(&self, fd: u32, direction: Direction) -> bool {
        self.world
            .lock()
            .is_ready(fd, direction == Direction::Write)
    }

    /// One host is silent about resets.
    fn is_silent(&self, fd: u32) -> bool {
        self.rules.reset == Reset::Silence && self.world.lock().fd(fd).reset
    }

    fn is_honest(&self) -> bool {
        self.rules.is_honest()
    }

    fn is_exact(&self) -> bool {
        self.rules.is_honest() && self.rules.files == Files::Ready
    }

    /// One host never waits for a second direction of a descriptor.
    fn supported(&self, interest: Interest) -> Interest {
        let both = Interest::READABLE | Interest::WRITABLE;
        if interest == both && self.rules.first_direction_only {
            Interest::READABLE
        } else {
            interest
        }
    }

    fn now_ns(&self) -> u64 {
        self.world.lock().now_ns
    }

    fn calls(&self) -> u64 {
        self.world.lock().polls
    }

    fn slack_ns(&self, calls: u64) -> u64 {
        self.rules.slack_ns(calls, u64::from(2 * SOURCES)) + MS
    }

    fn early_ns(&self) -> u64 {
        if self.rules.lie_about_time() {
            u64::MAX
        } else {
            0
        }
    }
}

fn rules() -> impl Strategy<Value = Rules> {
    // Errors on everything replace the true answers, and so lose events; the rest must not.
    let lies = LIES.into_iter().filter(|lie| *lie != Lie::GarbageErrno);
    let all: Vec<Rules> = ALL
        .into_iter()
        .chain(lies.map(|lie| EXACT.lying(lie)))
        .collect();
    proptest::sample::select(all)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_programs_lose_nothing_and_see_nothing_that_is_not_there(
        rules in rules(),
        program in program(),
    ) {
        program.run(World::new(rules));
    }
}

const fn open(id: u32, kind: u8, interest: u8, mode: u8) -> Op {
    Op::Open {
        id,
        kind,
        interest,
        mode,
    }
}

const fn reset(id: u32) -> Op {
    Op::Fail { id, reset: true }
}

const ARRIVE_AT_15: Op = Op::Arrive {
    id: 15,
    bytes: 1,
    after_ns: 0,
};

const fn end(id: u32) -> Op {
    Op::Fail { id, reset: false }
}

const fn poll_for(timeout_ns: u64) -> Op {
    Op::Select {
        timeout_ns,
        ample: false,
    }
}

fn run(rules: Rules, room: usize, ops: &[Op]) {
    Program::new(room, ops.to_vec()).run(World::new(rules));
}

/// Programs that an earlier selector failed, here and below.
#[test]
fn programs_that_once_failed_on_honest_hosts_lose_nothing() {
    let again = Op::Reregister {
        id: 3,
        interest: 2,
        mode: 0,
    };
    let refused = [open(15, 2, 1, 0), reset(15), open(3, 2, 2, 0), again];
    run(UVWASI, 1, &refused);
    run(UVWASI, 1, &[open(3, 1, 1, 1), open(4, 2, 2, 0)]);
    // What is ambiguous beside an error that is certain, in each answer.
    let beside = [
        open(14, 2, 2, 1),
        open(17, 2, 1, 0),
        poll_for(1_002_160),
        reset(14),
        end(17),
        open(3, 0, 1, 0),
    ];
    run(WASI_COMMON, 1, &beside);
}

#[test]
fn programs_that_once_failed_on_hosts_that_lie_lose_nothing() {
    let wrong_type = EXACT.lying(Lie::WrongType);
    let ended = [
        open(8, 2, 3, 0),
        end(8),
        Op::Settle,
        open(21, 2, 1, 0),
        open(3, 0, 1, 0),
        reset(21),
    ];
    run(wrong_type, 1, &ended);
    let streams = [
        open(15, 2, 1, 0),
        open(12, 2, 3, 1),
        open(5, 2, 1, 0),
        open(6, 2, 3, 0),
        reset(12),
        open(3, 2, 3, 0),
        Op::Settle,
        ARRIVE_AT_15,
        poll_for(0),
        open(7, 0, 1, 0),
    ];
    run(wrong_type, 2, &streams);
    let many = [
        open(15, 2, 1, 0),
        poll_for(0),
        ARRIVE_AT_15,
        open(3, 2, 2, 1),
        poll_for(0),
        open(4, 2, 1, 0),
    ];
    run(EXACT.lying(Lie::MoreEvents), 2, &many);
    // A stale event of the wrong type is no answer about its label.
    let forked = [open(5, 2, 2, 0), open(3, 2, 2, 0), Op::Fork];
    run(EXACT.lying(Lie::StaleUserdata), 1, &forked);
}

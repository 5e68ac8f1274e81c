//! Random programs on random 0.1 hosts: the model of every backend.

use proptest::prelude::*;

use super::model::{World, hosts};
use super::rules::{EXACT, Lie, Rules, UVWASI, WASI_COMMON, WASMER};
use crate::portable::Direction;
use crate::portable::tests::model::Kind::{File, Listener, Stream};
use crate::portable::tests::model::{Fault, How, Op, Program, Timeout, config, program};
use crate::{Interest, Mode};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn random_programs_lose_nothing_and_see_nothing_that_is_not_there(
        rules in proptest::sample::select(hosts()),
        program in program(),
    ) {
        program.run(World::new(rules));
    }
}

const EDGE: Mode = Mode::Edge;
const LEVEL: Mode = Mode::Level;
const READ: Interest = Interest::READABLE;
const WRITE: Interest = Interest::WRITABLE;
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

const ARRIVE_AT_15: Op = Op::Arrive {
    id: 15,
    bytes: 1,
    after_ns: 0,
};

const fn poll_for(room: usize, timeout_ns: u64) -> Op {
    Op::Select {
        timeout: Timeout::Ns(timeout_ns),
        room,
    }
}

fn run(rules: Rules, room: usize, ops: &[Op]) {
    Program::new(room, ops).run(World::new(rules));
}

/// Programs that an earlier selector failed, here and below.
#[test]
fn programs_that_once_failed_on_honest_hosts_lose_nothing() {
    let again = Op::Reregister {
        id: 3,
        interest: WRITE,
        mode: EDGE,
    };
    let refused = [
        Op::open(15, Stream, READ, EDGE),
        Op::reset(15),
        Op::open(3, Stream, WRITE, EDGE),
        again,
    ];
    run(UVWASI, 1, &refused);
    run(
        UVWASI,
        1,
        &[
            Op::open(3, File, READ, LEVEL),
            Op::open(4, Stream, WRITE, EDGE),
        ],
    );
    // What is ambiguous beside an error that is certain, in each answer.
    let beside = [
        Op::open(14, Stream, WRITE, LEVEL),
        Op::open(17, Stream, READ, EDGE),
        poll_for(1, 1_002_160),
        Op::reset(14),
        Op::end(17),
        Op::open(3, Listener, READ, EDGE),
    ];
    run(WASI_COMMON, 1, &beside);
    // A poll that verifies fails, and says nothing about how the host waits.
    let interrupted = [
        Op::Fault(Fault::Late(0)),
        Op::open(6, Stream, WRITE, EDGE),
        Op::Fault(Fault::Error(0)),
        Op::open(7, Stream, WRITE, EDGE),
        Op::Fault(Fault::Error(0)),
        Op::FindNothing,
    ];
    run(UVWASI, 1, &interrupted);
}

/// The host refuses one direction of a stream while the other pauses.
#[test]
fn a_direction_pauses_no_longer_than_it_should_when_the_other_is_refused() {
    let refused = [
        Op::open(7, Stream, BOTH, EDGE),
        Op::FindNothing,
        poll_for(1, 0),
        Op::Fault(Fault::Error(0)),
        Op::Fault(Fault::Error(1)),
        Op::Fault(Fault::Error(2)),
        Op::SETTLE,
        Op::SETTLE,
        Op::SETTLE,
        Op::SETTLE,
    ];
    run(WASMER, 1, &refused);
}

#[test]
fn programs_that_once_failed_on_hosts_that_lie_lose_nothing() {
    let wrong_type = EXACT.lying(Lie::WrongType);
    let ended = [
        Op::open(8, Stream, BOTH, EDGE),
        Op::end(8),
        Op::SETTLE,
        Op::open(21, Stream, READ, EDGE),
        Op::open(3, Listener, READ, EDGE),
        Op::reset(21),
    ];
    run(wrong_type, 1, &ended);
    let streams = [
        Op::open(15, Stream, READ, EDGE),
        Op::open(12, Stream, BOTH, LEVEL),
        Op::open(5, Stream, READ, EDGE),
        Op::open(6, Stream, BOTH, EDGE),
        Op::reset(12),
        Op::open(3, Stream, BOTH, EDGE),
        Op::SETTLE,
        ARRIVE_AT_15,
        poll_for(2, 0),
        Op::open(7, Listener, READ, EDGE),
    ];
    run(wrong_type, 2, &streams);
    let many = [
        Op::open(15, Stream, READ, EDGE),
        poll_for(2, 0),
        ARRIVE_AT_15,
        Op::open(3, Stream, WRITE, LEVEL),
        poll_for(2, 0),
        Op::open(4, Stream, READ, EDGE),
    ];
    run(EXACT.lying(Lie::MoreEvents), 2, &many);
    // Old events stood in the answer to a verification, and one of them explained the others away.
    let verified = [
        Op::open(3, Stream, WRITE, LEVEL),
        Op::open(7, Stream, WRITE, EDGE),
        poll_for(2, 179_000),
        Op::Room { id: 3, room: false },
        Op::Io {
            id: 7,
            direction: Direction::Write,
            how: How::Blocked,
        },
        Op::FindNothing,
    ];
    run(EXACT.lying(Lie::MoreEvents), 1, &verified);
}

#[test]
fn forks_that_once_failed_on_hosts_with_stale_labels_lose_nothing() {
    // A stale event of the wrong type is no answer about its label.
    let forked = [
        Op::open(5, Stream, WRITE, EDGE),
        Op::open(3, Stream, WRITE, EDGE),
        Op::Fork,
    ];
    run(EXACT.lying(Lie::StaleUserdata), 1, &forked);
    // A stale label was that of a file, which explained the others away.
    let of_a_file = [
        Op::open(6, Stream, BOTH, EDGE),
        Op::open(5, Stream, WRITE, Mode::Oneshot),
        Op::SETTLE,
        Op::SETTLE,
        Op::SETTLE,
        Op::Arrive {
            id: 5,
            bytes: 2,
            after_ns: 3_000,
        },
        Op::open(7, Stream, BOTH, EDGE),
        poll_for(1, 0),
        Op::Close { id: 5 },
        Op::open(5, File, BOTH, EDGE),
        Op::Deregister { id: 6 },
        Op::Fork,
    ];
    run(EXACT.lying(Lie::StaleUserdata), 1, &of_a_file);
}

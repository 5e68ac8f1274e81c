//! Random programs on the host of completions: the model of every backend.

use proptest::prelude::*;

use super::model::{Kind, Op, Program, config, program};
use super::world::World;
use crate::{Interest, Mode};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn random_programs_lose_nothing_and_misuse_no_operation(program in program()) {
        program.run(World::new());
    }
}

/// The pauses of a source that was ready for nothing made the last poll too long.
#[test]
fn a_program_that_once_failed_loses_nothing() {
    let stream = Op::open(19, Kind::Stream, Interest::READABLE, Mode::Edge);
    let ops = [[stream, Op::end(19)], [Op::SETTLE; 2], [Op::SETTLE; 2]];
    Program::new(1, ops.as_flattened()).run(World::new());
}

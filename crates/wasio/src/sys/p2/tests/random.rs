//! Random programs on random 0.2 hosts: the model of every backend.

use proptest::prelude::*;

use super::model::{Descriptors, World};
use super::rules::{ALL, EXACT};
use crate::portable::tests::model::{Kind, Op, Program, config, program};
use crate::{Interest, Mode};

fn descriptors() -> impl Strategy<Value = Descriptors> {
    prop_oneof![
        3 => Just(Descriptors::None),
        2 => Just(Descriptors::Some),
        1 => Just(Descriptors::All),
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn random_programs_lose_nothing_and_see_nothing_that_is_not_there(
        rules in proptest::sample::select(ALL.to_vec()),
        descriptors in descriptors(),
        program in program(),
    ) {
        program.run(World::new(rules, descriptors));
    }
}

/// A direction that pauses was taken for one that is forgotten.
#[test]
fn a_program_that_once_failed_loses_nothing() {
    let both = Interest::READABLE | Interest::WRITABLE;
    let stream = Op::open(16, Kind::Stream, both, Mode::Edge);
    let ops = [stream, Op::SETTLE, Op::reset(16), Op::SETTLE, Op::SETTLE];
    Program::new(1, &ops).run(World::new(EXACT, Descriptors::None));
}

//! What the fuzzer in `fuzz/` runs: any bytes are a host and a program for it.

use crate::portable::tests::model::Input;
use crate::portable::tests::world;
use crate::sys::{p1, p2};

/// Runs a program on one kind of scripted host.
type Run = fn(&mut Input<'_>);

/// Runs a random program on a scripted host. Panics if something is lost, wrong, early or left over.
pub fn run(data: &[u8]) {
    let mut input = Input(data);
    let hosts: [Run; 3] = [world::run, p1::tests::model::run, p2::tests::model::run];
    let run_on_host = input.one_of(&hosts);
    run_on_host(&mut input);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::portable::tests::model::config;

    proptest! {
        #![proptest_config(ProptestConfig { cases: config().cases / 4, ..config() })]

        /// As the fuzzer does, where there is no fuzzer.
        #[test]
        fn any_bytes_are_a_program_that_loses_nothing(
            data in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            super::run(&data);
        }
    }
}

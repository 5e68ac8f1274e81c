//! The fast path: no timeout, no timer, few sources.

use std::time::Duration;

use super::rig::Rig;
use super::rules::{EXACT, Rules, WASI_COMMON, WASMTIME};
use crate::Events;
use crate::io_outcome::IoOutcome;
use crate::portable::{Direction, Key};

/// The host has shown what it does; three streams to read from.
fn warm(rules: Rules) -> (Rig, [Key; 3]) {
    let mut rig = Rig::new(rules);
    let keys = [rig.stream(5), rig.stream(6), rig.stream(7)];
    for _ in 0..40 {
        rig.arrive(5, 64);
        assert_eq!(rig.select(1_000), [(5, "r".to_owned())]);
        rig.drain(5, keys[0]);
    }
    (rig, keys)
}

fn read_all(rig: &Rig, fd: u32, key: Key) {
    rig.world().fd(fd).pending = 0;
    rig.selector
        .after_io(key, Direction::Read, IoOutcome::Partial);
}

/// One call, about all sources, and the clock is not read. On the host that reports more than is so
/// some answers are verified.
#[test]
fn the_fast_path_is_one_call_and_reads_no_clock() {
    for rules in [EXACT, WASMTIME, WASI_COMMON] {
        let (mut rig, keys) = warm(rules);
        let clocks = rig.world().clocks;
        let (_, lens) = rig.calls(|rig| {
            for _ in 0..100 {
                rig.arrive(5, 64);
                assert_eq!(rig.try_select(None).unwrap(), [(5, "r".to_owned())]);
                read_all(rig, 5, keys[0]);
            }
        });
        let clocks = rig.world().clocks - clocks;
        if rules.name == WASI_COMMON.name {
            assert!(lens.len() < 130 && clocks < 30, "{lens:?}, {clocks}");
        } else {
            assert_eq!((lens, clocks), (vec![3; 100], 0), "{}", rules.name);
        }
    }
}

/// What there is no room for is reported by the next polls, in the order of the host and without a
/// call.
#[test]
fn what_the_fast_path_has_no_room_for_comes_first_in_the_next_poll() {
    for rules in [EXACT, WASMTIME, WASI_COMMON] {
        let (mut rig, keys) = warm(rules);
        rig.events = Events::with_capacity(1);
        for fd in 5..8 {
            rig.arrive(fd, 64);
        }
        let (reported, lens) = rig.calls(|rig| {
            let mut reported = Vec::new();
            for _ in 0..3 {
                reported.extend(rig.try_select(None).unwrap());
            }
            reported
        });
        let mut tokens: Vec<usize> = reported.iter().map(|said| said.0).collect();
        tokens.sort_unstable();
        assert_eq!(tokens, [5, 6, 7], "{}", rules.name);
        assert_eq!(lens.len(), 1, "{}", rules.name);
        for (fd, key) in (5..8).zip(keys) {
            read_all(&rig, fd, key);
        }
        assert_eq!(rig.try_select(Some(Duration::ZERO)).unwrap(), []);
    }
}

/// The next wait is about what is armed again, in any order, and about nothing else.
#[test]
fn each_wait_is_about_what_is_armed() {
    let (mut rig, keys) = warm(EXACT);
    for fd in 5..8 {
        rig.arrive(fd, 64);
    }
    assert_eq!(rig.try_select(None).unwrap().len(), 3);
    read_all(&rig, 5, keys[0]);
    read_all(&rig, 7, keys[2]);
    rig.arrive(5, 64);
    let (said, lens) = rig.calls(|rig| rig.try_select(None).unwrap());
    assert_eq!(said, [(5, "r".to_owned())]);
    assert_eq!(lens, [2], "6 was not read");
    read_all(&rig, 6, keys[1]);
    rig.arrive(6, 64);
    let (said, lens) = rig.calls(|rig| rig.try_select(None).unwrap());
    assert_eq!(said, [(6, "r".to_owned())]);
    assert_eq!(lens, [2], "5 was not read");
}

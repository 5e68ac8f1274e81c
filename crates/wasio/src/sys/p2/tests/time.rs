//! Timeouts and timers, and what they cost.

use super::super::target::Target;
use super::host::{Bytes, Call, MS};
use super::rig::{Rig, WRITE, readable};
use super::rules::{ALL, EXACT, JCO, WASMTIME};
use crate::{Mode, Token};

/// `select` of the rig checks both.
#[test]
fn a_timeout_is_never_early_and_late_by_no_more_than_the_host_is() {
    for rules in ALL {
        let mut rig = Rig::new(rules);
        for timeout_ms in [0, 1, 2, 5, 50, 3_000] {
            assert_eq!(rig.select(timeout_ms), []);
        }
        let keys = [rig.source(1), rig.source(2)];
        rig.select(0);
        for (id, key) in (1..).zip(keys) {
            rig.drain(id, key);
        }
        for timeout_ms in [0, 1, 2, 5, 50, 3_000] {
            assert_eq!(rig.select(timeout_ms), [], "{}", rules.name);
        }
    }
}

#[test]
fn a_timer_is_never_early_and_late_by_no_more_than_the_host_is() {
    for rules in ALL {
        let mut rig = Rig::new(rules);
        for after_ms in [1, 7, 40] {
            let timer = rig.timer(9, after_ms * MS, 0);
            let (start_ns, polls) = {
                let world = rig.world();
                (world.now_ns, world.polls)
            };
            assert_eq!(rig.try_select(None).unwrap(), readable(&[9]));
            let world = rig.world();
            let elapsed_ns = world.now_ns - start_ns + rules.early_ns();
            assert!(elapsed_ns + 1_000 >= after_ms * MS, "{}", rules.name);
            let slack_ns = rules.slack_ns(world.polls - polls, 2) + rules.early_ns();
            assert!(elapsed_ns <= after_ms * MS + slack_ns, "{}", rules.name);
            drop(world);
            rig.selector.deregister_timer(timer).unwrap();
        }
    }
}

#[test]
fn a_periodic_timer_keeps_its_phase() {
    let mut rig = Rig::new(WASMTIME);
    let timer = rig.timer(9, 10 * MS, 10 * MS);
    let start_ns = rig.world().now_ns;
    for period in 1..=20 {
        assert_eq!(rig.try_select(None).unwrap(), readable(&[9]));
        let elapsed_ns = rig.world().now_ns - start_ns;
        assert!(elapsed_ns < period * 10 * MS + 2 * MS, "{elapsed_ns}");
        assert_eq!(rig.selector.take_expirations(timer).unwrap(), 1);
    }
}

#[test]
fn a_poll_without_a_timer_is_one_call_and_makes_no_clock() {
    let mut rig = Rig::new(WASMTIME);
    let keys = [rig.source(1), rig.source(2), rig.source(3)];
    let (clocks, calls) = rig.calls(|rig| {
        rig.clocks(|rig| {
            for _ in 0..100 {
                rig.arrive(2);
                assert_eq!(rig.try_select(None).unwrap(), readable(&[2]));
                rig.drain(2, keys[1]);
            }
        })
    });
    let expected = Call::Poll {
        sources: 3,
        clock: false,
    };
    assert_eq!((clocks, calls), (0, vec![expected; 100]));
}

#[test]
fn a_poll_with_a_timeout_makes_one_clock_and_one_call() {
    let mut rig = Rig::new(WASMTIME);
    rig.source(1);
    let (clocks, calls) = rig.calls(|rig| {
        rig.clocks(|rig| {
            for _ in 0..10 {
                assert_eq!(rig.select(5), []);
            }
        })
    });
    // A clock that is late by a millisecond ends the wait all the same.
    assert_eq!((clocks, calls.len()), (10, 10));
}

#[test]
fn polls_until_the_same_timer_share_one_clock() {
    let mut rig = Rig::new(EXACT);
    let key = rig.source(1);
    rig.timer(9, 1_000 * MS, 0);
    let clocks = rig.clocks(|rig| {
        for _ in 0..50 {
            rig.world().after(MS, Bytes(1, 1));
            assert_eq!(rig.try_select(None).unwrap(), readable(&[1]));
            rig.drain(1, key);
        }
    });
    assert_eq!(clocks, 1);
}

#[test]
fn clocks_are_dropped_with_the_selector_and_few_are_kept() {
    let mut rig = Rig::new(EXACT);
    for _ in 0..20 {
        rig.select(3);
        rig.poll();
    }
    assert!(rig.world().live_pollables() <= 3);
    let world = rig.world.clone();
    drop(rig);
    assert_eq!(world.lock().live_pollables(), 0);
}

/// Such a host takes a clock that is too far away for one that is due soon.
#[test]
fn no_clock_is_further_away_than_a_host_can_wait() {
    const YEAR_NS: u64 = 365 * 86_400 * 1_000 * MS;
    for years in [0, 3, 500] {
        let mut rig = Rig::new(JCO);
        rig.source(1);
        // It has no direction to write in.
        let [read, _] = rig.world().open(2);
        let target = Target::pollables(read, None);
        let registered = rig
            .selector
            .register_source(target, Token(2), WRITE, Mode::Level);
        registered.unwrap();
        if years > 0 {
            rig.timer(9, years * YEAR_NS, 0);
        }
        rig.select(0);
        rig.world().after(10_000 * MS, Bytes(1, 1));
        let (events, calls) = rig.calls(|rig| rig.try_select(None).unwrap());
        assert_eq!(events, readable(&[1]));
        assert!(calls.len() < 8, "{years} years: {} calls", calls.len());
    }
}

#[test]
fn a_wait_for_what_no_source_has_lasts() {
    let mut rig = Rig::new(JCO);
    let [read, _] = rig.world().open(1);
    let target = Target::pollables(read, None);
    let registered = rig
        .selector
        .register_source(target, Token(1), WRITE, Mode::Level);
    registered.unwrap();
    let (events, calls) = rig.calls(|rig| rig.select(60_000));
    assert_eq!(events, []);
    assert!(calls.len() < 8, "{} calls", calls.len());
}

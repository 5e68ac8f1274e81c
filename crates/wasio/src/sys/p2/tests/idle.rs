//! One busy source beside a thousand idle ones.

use super::host::{Bytes, Call, MS};
use super::rig::{Rig, readable};
use super::rules::{EXACT, Rules, STALLS, WASMTIME};
use crate::portable::Key;

const IDLE: u32 = 1_000;
const BUSY: u32 = 1;

/// The busy source has been so for a while.
fn busy(rules: Rules) -> (Rig, Key, Vec<Key>) {
    let mut rig = Rig::new(rules);
    let idle = (0..IDLE).map(|id| rig.source(100 + id)).collect();
    let key = rig.source(BUSY);
    for _ in 0..1_000 {
        round_trip(&mut rig, key);
    }
    (rig, key, idle)
}

/// A round trip of 60 µs. Returns the tokens that were reported.
fn round_trip(rig: &mut Rig, key: Key) -> Vec<usize> {
    rig.world().after(60_000, Bytes(BUSY, 1));
    let mut tokens = Vec::new();
    while !tokens.contains(&1) {
        let events = rig.try_select(None).unwrap();
        tokens.extend(events.into_iter().map(|(token, _)| token));
    }
    rig.drain(BUSY, key);
    tokens
}

#[test]
fn a_busy_source_is_polled_without_the_idle_ones() {
    for rules in [EXACT, WASMTIME] {
        let (mut rig, key, _) = busy(rules);
        let start_ns = rig.world().now_ns;
        let ((), calls) = rig.calls(|rig| {
            for _ in 0..1_000 {
                round_trip(rig, key);
            }
        });
        let polled: usize = (calls.iter())
            .map(|call| match call {
                Call::Poll { sources, .. } => *sources,
                Call::Fds { .. } => 0,
            })
            .sum();
        let elapsed_ns = rig.world().now_ns - start_ns;
        let name = rules.name;
        assert!(calls.len() < 4_000, "{name}: {} calls", calls.len());
        assert!(polled < 250_000, "{name}: {polled} of 1 001 000 pollables");
        assert!(elapsed_ns < 1_000 * 90_000, "{name}: {elapsed_ns} ns");
    }
}

#[test]
fn no_call_that_does_not_block_has_more_pollables_than_the_host_polls() {
    let (mut rig, key, _) = busy(WASMTIME);
    let ((), calls) = rig.calls(|rig| {
        for _ in 0..1_000 {
            round_trip(rig, key);
        }
        rig.poll();
    });
    let is_small = |call: &Call| match call {
        Call::Poll { sources, .. } => *sources < 128,
        Call::Fds { .. } => false,
    };
    assert!(calls.iter().all(is_small), "the loop is busy all the time");
}

/// What is cold may wait a sweep of all: twice as long once nothing cold was ready for long.
#[test]
fn a_cold_source_is_reported_within_the_bound() {
    for rules in [EXACT, WASMTIME] {
        let (mut rig, key, idle) = busy(rules);
        // All idle ones together are polled in 0.4 ms: ten times that is the share of the idle.
        let bound_ns = 5 * MS;
        for step in 0..30 {
            for _ in 0..97 {
                round_trip(&mut rig, key);
            }
            let id = 100 + step * 31 % IDLE;
            rig.arrive(id);
            let ready_ns = rig.world().now_ns;
            let name = usize::try_from(id).unwrap();
            while !round_trip(&mut rig, key).contains(&name) {
                let waited_ns = rig.world().now_ns - ready_ns;
                assert!(waited_ns < bound_ns, "{}: {waited_ns} ns", rules.name);
            }
            rig.drain(id, idle[usize::try_from(id - 100).unwrap()]);
        }
    }
}

/// A thousand connections come in storms of a hundred, each sends once, and then all are silent.
#[test]
fn a_crowd_that_falls_silent_costs_a_few_waits() {
    for rules in [EXACT, WASMTIME] {
        let mut rig = Rig::new(rules);
        let mut keys = Vec::new();
        for storm in 0..10 {
            let first = 100 + storm * 100;
            keys.extend((first..first + 100).map(|id| rig.source(id)));
            for id in first..first + 100 {
                let after_ns = u64::from(id - first) * 15_000;
                rig.world().after(after_ns, Bytes(id, 1));
            }
            let mut left = 100;
            while left > 0 {
                for (token, _) in rig.try_select(None).unwrap() {
                    rig.world().now_ns += 10_000;
                    rig.drain(u32::try_from(token).unwrap(), keys[token - 100]);
                    left -= 1;
                }
            }
        }
        let (said, calls) = rig.calls(|rig| rig.select(2_000));
        assert_eq!(said, []);
        let sources = |call: &Call| match call {
            Call::Poll { sources, .. } => *sources,
            Call::Fds { .. } => 0,
        };
        let name = rules.name;
        assert_eq!(calls.last().map(sources), Some(1_000), "{name}: sleeps");
        let polled: usize = calls.iter().map(sources).sum();
        assert!(calls.len() <= 60, "{name}: {} calls", calls.len());
        assert!(polled <= 6_500, "{name}: {polled} pollables");
    }
}

/// Whatever place it has in the array, and although the host polls 128 at once.
#[test]
fn each_of_a_thousand_idle_sources_is_reported_when_it_is_ready() {
    for rules in [WASMTIME, STALLS] {
        let mut rig = Rig::new(rules);
        let keys: Vec<Key> = (0..IDLE).map(|id| rig.source(100 + id)).collect();
        for id in (0..IDLE).step_by(37) {
            let name = usize::try_from(100 + id).unwrap();
            rig.world().after(3 * MS, Bytes(100 + id, 1));
            assert_eq!(rig.select(500), readable(&[name]));
            rig.drain(100 + id, keys[usize::try_from(id).unwrap()]);
            rig.arrive(100 + id);
            assert_eq!(rig.poll(), readable(&[name]), "without blocking");
            rig.drain(100 + id, keys[usize::try_from(id).unwrap()]);
        }
    }
}

#[test]
fn all_of_a_thousand_that_are_ready_at_once_are_reported() {
    let mut rig = Rig::new(WASMTIME);
    for id in 0..IDLE {
        rig.source(100 + id);
        rig.arrive(100 + id);
    }
    let mut reported = 0;
    while reported < 1_000 {
        let events = rig.poll();
        assert!(!events.is_empty(), "{reported} of 1000");
        reported += events.len();
    }
}

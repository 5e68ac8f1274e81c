//! Descriptors of libc, alone and beside pollables.

use std::io::ErrorKind;

use super::host::{Bytes, Call, MS};
use super::rig::{READ, Rig, WRITE, raw, readable, sorted};
use super::rules::{EXACT, WASMTIME};
use crate::{Mode, Token};

fn fd_calls(calls: &[Call]) -> Vec<(usize, i32)> {
    let fds = calls.iter().filter_map(|call| match *call {
        Call::Fds { fds, timeout_ms } => Some((fds, timeout_ms)),
        Call::Poll { .. } => None,
    });
    fds.collect()
}

#[test]
fn descriptors_alone_are_one_call_of_libc() {
    let mut rig = Rig::new(WASMTIME);
    for id in 1..=3 {
        rig.add_fd(id, READ, Mode::Level);
    }
    rig.world().after(4 * MS, Bytes(2, 1));
    let (events, calls) = rig.calls(|rig| rig.select(50));
    assert_eq!(events, readable(&[2]));
    assert_eq!(fd_calls(&calls), [(3, 50)]);
    assert_eq!(calls.len(), 1, "{calls:?}");
}

/// Neither libc nor the host can wait for what the other one knows.
#[test]
fn pollables_and_descriptors_are_waited_for_in_slices() {
    for rules in [EXACT, WASMTIME] {
        for late in [1, 2] {
            let mut rig = Rig::new(rules);
            rig.source(1);
            rig.add_fd(2, READ, Mode::Level);
            assert_eq!(rig.poll(), []);
            rig.world().after(77 * MS, Bytes(late, 1));
            let start_ns = rig.world().now_ns;
            let (events, calls) = rig.calls(|rig| rig.try_select(None).unwrap());
            assert_eq!(events, readable(&[usize::try_from(late).unwrap()]));
            let elapsed_ns = rig.world().now_ns - start_ns;
            assert!(elapsed_ns < 90 * MS, "{}: {elapsed_ns}", rules.name);
            assert!(calls.len() < 40, "{}: {}", rules.name, calls.len());
            assert!(fd_calls(&calls).iter().all(|call| *call == (1, 0)));
        }
    }
}

#[test]
fn what_is_ready_of_both_kinds_is_reported_together() {
    let mut rig = Rig::new(EXACT);
    rig.source(1);
    rig.add_fd(2, READ, Mode::Level);
    rig.arrive(1);
    rig.arrive(2);
    assert_eq!(sorted(rig.select(50)), readable(&[1, 2]));
}

#[test]
fn descriptors_stay_registered_when_pollables_come_and_go() {
    let mut rig = Rig::new(EXACT);
    rig.add_fd(2, READ, Mode::Level);
    rig.arrive(2);
    assert_eq!(rig.poll(), readable(&[2]), "alone");
    let key = rig.source(1);
    assert_eq!(rig.poll(), readable(&[2]), "beside a pollable");
    rig.close(key, 1);
    let (events, calls) = rig.calls(Rig::poll);
    assert_eq!(events, readable(&[2]), "alone again");
    assert_eq!(calls.len(), 1, "{calls:?}");
}

/// libc fails for all of them and does not say which is not open.
#[test]
fn a_closed_descriptor_is_reported_and_the_others_are_waited_for() {
    for with_pollable in [false, true] {
        let mut rig = Rig::new(EXACT);
        if with_pollable {
            rig.source(9);
        }
        for id in 1..=3 {
            rig.add_fd(id, READ, Mode::Level);
        }
        assert_eq!(rig.poll(), []);
        rig.world().sources.remove(&2);
        rig.arrive(3);
        let events = sorted(rig.select(20));
        let closed = (2, "rwe".to_owned());
        assert_eq!(events, [closed, (3, "r".to_owned())]);
        assert_eq!(rig.select(20), readable(&[3]), "it is reported once");
    }
}

/// It is an error of each: what the program tries next shows that there is none.
#[test]
fn an_error_of_libc_that_does_not_come_again_makes_no_descriptor_deaf() {
    let mut rig = Rig::new(EXACT);
    rig.add_fd(1, READ, Mode::Level);
    let key = rig.add_fd(2, READ, Mode::Edge);
    rig.world().fd_failures = 1;
    assert_eq!(rig.select(5).len(), 2);
    rig.drain(2, key);
    assert_eq!(rig.select(5), []);
    rig.arrive(1);
    rig.arrive(2);
    assert_eq!(sorted(rig.select(20)), readable(&[1, 2]));
}

#[test]
fn a_descriptor_that_failed_is_an_error_of_its_own() {
    let mut rig = Rig::new(EXACT);
    rig.add_fd(1, READ | WRITE, Mode::Edge);
    rig.add_fd(2, READ, Mode::Edge);
    rig.world().source(1).failed = true;
    assert_eq!(rig.select(5), [(1, "rwe".to_owned())]);
    assert_eq!(rig.select(5), []);
}

#[test]
fn the_end_of_a_stream_is_reported_as_such() {
    let mut rig = Rig::new(EXACT);
    rig.add_fd(1, READ, Mode::Edge);
    rig.world().source(1).ended = true;
    assert_eq!(rig.select(5), [(1, "rR".to_owned())]);
}

#[test]
fn a_descriptor_that_is_not_open_is_refused_when_it_is_registered() {
    let rig = Rig::new(EXACT);
    assert!(
        rig.selector
            .register(raw(5), Token(5), READ, Mode::Level)
            .is_err()
    );
    rig.add_fd(6, READ, Mode::Level);
    let again = rig.selector.register(raw(6), Token(6), READ, Mode::Level);
    assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyExists);
}

/// More than libc takes at once: those wait in turn, in slices.
#[test]
fn ten_thousand_descriptors_are_all_waited_for() {
    let mut rig = Rig::new(EXACT);
    for id in 1..=10_000 {
        rig.add_fd(id, READ, Mode::Level);
    }
    for id in [1, 5_000, 9_999] {
        rig.world().after(30 * MS, Bytes(id, 1));
        let start_ns = rig.world().now_ns;
        let name = usize::try_from(id).unwrap();
        assert_eq!(rig.try_select(None).unwrap(), readable(&[name]));
        assert!(rig.world().now_ns - start_ns < 60 * MS);
        rig.world().source(id).pending = 0;
    }
}

/// The host is never handed one: it has no handle.
#[test]
fn idle_descriptors_are_swept_by_libc_whatever_their_number() {
    for idle in [16, 33, 101, 201] {
        let mut rig = Rig::new(WASMTIME);
        for id in 100..100 + idle {
            rig.add_fd(id, READ, Mode::Edge);
        }
        let key = rig.add_fd(1, READ, Mode::Edge);
        for _ in 0..500 {
            rig.world().after(60_000, Bytes(1, 1));
            while rig.try_select(None).unwrap() != readable(&[1]) {}
            rig.drain(1, key);
        }
    }
}

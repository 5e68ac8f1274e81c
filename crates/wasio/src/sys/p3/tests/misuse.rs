//! That the scripted host sees each misuse that ends a guest of a real one: the other tests rely on it.

use super::super::bindings::{join_set, monotonic_clock, read_stdin};
use super::super::target::SignalId;
use super::imports::Memory;
use super::rig::{Turn, host};
use super::rules::{ALL, PLAIN};

/// Does what a real host would end the program for, and returns what the scripted one says.
fn misuse<T>(action: impl FnOnce() -> T) -> &'static str {
    action();
    host().take_misuse().expect("a misuse")
}

#[test]
fn a_wait_that_nothing_ends_is_seen() {
    let _turn = Turn::new(PLAIN);
    let set = host().new_set();
    assert_eq!(misuse(|| host().wait(set)), "a wait that nothing ends");
}

#[test]
fn an_operation_too_many_is_seen() {
    let _turn = Turn::new(PLAIN);
    let [stream, end] = host().new_input();
    host().start(stream, Memory::none());
    let second = || host().start(stream, Memory::none());
    assert_eq!(misuse(second), "a second operation while one is in flight");
    let early = || host().drop_handle(stream);
    assert_eq!(misuse(early), "a drop while an operation is in flight");
    host().drop_handle(end);
}

#[test]
fn a_cancel_inside_of_a_set_and_one_of_nothing_are_seen() {
    let _turn = Turn::new(PLAIN);
    let set = host().new_set();
    let [stream, end] = host().new_input();
    assert_eq!(
        misuse(|| host().cancel(stream)),
        "a cancel with nothing in flight"
    );
    host().start(stream, Memory::none());
    host().join(stream, set);
    assert_eq!(misuse(|| host().cancel(stream)), "a cancel inside of a set");
    host().join(stream, 0);
    host().join(end, set);
    assert_eq!(misuse(|| host().drop_handle(end)), "a drop inside of a set");
    host().drop_handle(stream);
    assert_eq!(
        misuse(|| host().drop_handle(stream)),
        "a drop of what is gone"
    );
}

/// What the types of the bindings are for: dropped in any state, they misuse nothing.
#[test]
fn handles_that_are_dropped_in_any_state_misuse_nothing() {
    for rules in ALL {
        let _turn = Turn::new(rules);
        for has_data in [false, true] {
            for is_in_set in [false, true] {
                for has_run in [false, true] {
                    host().peers.clear();
                    let (mut stream, mut end) = read_stdin();
                    let _ = stream.start(vec![0; 8]);
                    let _ = end.start();
                    let clock = monotonic_clock::wait_until(u64::MAX / 2);
                    if has_data {
                        let host = &mut *host();
                        host.peers.entry(host.next_peer).or_default().sent = 5;
                    }
                    if is_in_set {
                        join_set(stream.waitable(), SignalId::NONE);
                        join_set(end.waitable(), SignalId::NONE);
                    }
                    if has_run {
                        host().yielded();
                    }
                    drop((stream, end, clock));
                    host().check();
                }
            }
        }
    }
}

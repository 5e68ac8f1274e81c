//! What holds on every host: a test or more for each point of the list of what a robust
//! selector must do. Points 1, 13, 14 (the reading) and 19 are in code that needs a real host.

use std::io::ErrorKind;
use std::time::Duration;

use super::super::abi::Errno;
use super::host::{Happening, Kind, MS};
use super::rig::{READ, Rig, WRITE, readable, sorted};
use super::rules::{ALL, EXACT, LIES, Lie, UVWASI, WAMR, WASI_COMMON, WASMEDGE, WASMER, WASMTIME};
use crate::portable::Direction;
use crate::portable::tests::model::Fault;
use crate::{Mode, Token};

/// Points 1 and 6: labels that nobody has, wrong types, and numbers that are too large.
#[test]
fn lies_reach_nobody_and_stop_nothing() {
    for lie in LIES {
        for rules in [EXACT, WASI_COMMON] {
            let mut rig = Rig::new(rules.lying(lie));
            let (a, b) = (rig.stream(3), rig.stream(4));
            for _ in 0..20 {
                rig.arrive(3, 100);
                let said = rig.select(5);
                assert!(
                    said.iter().all(|(token, _)| [3, 4].contains(token)),
                    "{said:?}"
                );
                assert!(
                    said.iter().any(|(token, _)| *token == 3),
                    "{lie:?}: {said:?}"
                );
                rig.drain(3, a);
                rig.blocked(b, Direction::Read);
            }
        }
    }
}

/// Point 1: success with no events is legal, and no end of the wait.
#[test]
fn success_with_no_events_does_not_end_a_wait() {
    let mut rig = Rig::new(WASMEDGE);
    rig.stream(3);
    rig.world().fd(3).reset = true;
    assert_eq!(rig.select(3), []);
}

/// Nor is the host then asked in a loop; and what else there is to wait for is seen soon.
#[test]
fn success_with_no_events_is_no_busy_loop() {
    let mut rig = Rig::new(WASMEDGE);
    rig.warm_up();
    rig.stream(3);
    rig.world().fd(3).reset = true;
    rig.stream(4);
    for timeout_ms in [100, 1_000] {
        let (said, calls) = rig.calls(|rig| rig.select(timeout_ms));
        assert_eq!(said, []);
        let most = 20 + timeout_ms / 4;
        assert!((calls.len() as u64) < most, "{} calls", calls.len());
    }
    rig.world().after(500 * MS, Happening::Bytes(4, 1));
    let before_ns = rig.world().now_ns;
    assert_eq!(rig.try_select(None).unwrap(), readable(&[4]));
    let waited_ns = rig.world().now_ns - before_ns;
    assert!((500 * MS..510 * MS).contains(&waited_ns), "{waited_ns}");
}

/// Point 2.
#[test]
fn nothing_to_wait_for_is_an_error_and_no_call() {
    let mut rig = Rig::new(EXACT);
    let error = rig.try_select(None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(rig.world().polls, 0);
    assert_eq!(rig.poll(), []);
    assert_eq!(
        rig.world().polls,
        0,
        "a zero timeout with no sources needs no host"
    );
}

/// Points 2 and 3: a timeout with no sources is one call with one clock.
#[test]
fn a_timeout_alone_is_one_call() {
    for rules in ALL {
        let mut rig = Rig::new(rules);
        let (said, calls) = rig.calls(|rig| rig.select(250));
        assert_eq!(said, []);
        // What rounds down is found out by the first.
        assert_eq!(
            calls.len(),
            if rules.floors { 2 } else { 1 },
            "{}",
            rules.name
        );
    }
}

/// Point 3: each host, each length: never early, and not much later. [`Rig::select`] checks.
#[test]
fn waits_are_neither_early_nor_late() {
    for rules in ALL {
        for timeout_ns in [1, 999, 500_000, MS - 1, MS, 1_500_001, 30 * MS, 77 * MS + 1] {
            let mut rig = Rig::new(rules);
            for fd in 3..6 {
                rig.stream(fd);
            }
            for _ in 0..3 {
                let before_ns = rig.world().now_ns;
                let polls = rig.world().polls;
                let mut said = rig
                    .try_select(Some(Duration::from_nanos(timeout_ns)))
                    .unwrap();
                if !rules.is_honest() {
                    // Some say at once that all is ready.
                    said.clear();
                } else {
                    let world = rig.world();
                    let elapsed_ns = world.now_ns - before_ns;
                    assert!(elapsed_ns >= timeout_ns, "{}: {elapsed_ns}", rules.name);
                    let slack_ns = rules.slack_ns(world.polls - polls, 4);
                    assert!(
                        elapsed_ns <= timeout_ns + slack_ns,
                        "{}: {elapsed_ns}",
                        rules.name
                    );
                }
                assert_eq!(said, [], "{}", rules.name);
            }
        }
    }
}

/// Point 3: a host that rounds down is found out, and then asked for whole milliseconds:
/// the rest of each wait is no busy loop.
#[test]
fn a_host_that_rounds_down_is_not_asked_in_a_loop() {
    for sources in 0..3 {
        let mut rig = Rig::new(WAMR);
        for fd in 0..sources {
            rig.stream(3 + fd);
        }
        for _ in 0..4 {
            let _ = rig
                .try_select(Some(Duration::from_nanos(1_500_000)))
                .unwrap();
        }
        let (_, calls) = rig.calls(|rig| rig.try_select(Some(Duration::from_nanos(2_500_000))));
        assert!(calls.len() <= 2, "{sources} sources: {} calls", calls.len());
    }
}

/// Points 3 and 4: the longest waits are cut, and end with the event.
#[test]
fn a_wait_without_limit_has_a_clock_all_the_same() {
    for timeout in [
        None,
        Some(Duration::MAX),
        Some(Duration::from_secs(40 * 24 * 3600)),
    ] {
        for rules in ALL {
            let mut rig = Rig::new(rules);
            rig.stream(3);
            rig.world().keep_calls = false;
            rig.world()
                .after(30 * 24 * 3600 * 1000 * MS, Happening::Bytes(3, 50));
            // One that lies, or cannot wait, says so before that.
            let said = rig.try_select(timeout).unwrap();
            assert_eq!(said, readable(&[3]), "{}", rules.name);
        }
    }
}

/// A timer of the host's that no one waits for is left out where that is safe: on a host
/// that was seen to return for one source of several.
#[test]
fn a_wait_without_limit_needs_no_clock_on_a_host_that_is_prompt() {
    for (rules, is_prompt) in [(WASI_COMMON, true), (EXACT, true), (UVWASI, false)] {
        let mut rig = Rig::new(rules);
        rig.warm_up();
        let key = rig.stream(3);
        rig.stream(4);
        for _ in 0..40 {
            rig.world().after(60 * MS, Happening::Bytes(3, 64));
            let said = rig.try_select(None).unwrap();
            assert_eq!(said, readable(&[3]), "{}", rules.name);
            rig.drain(3, key);
        }
        assert_eq!(rig.world().endless > 0, is_prompt, "{}", rules.name);
    }
}

/// A deadline that is further away than the longest wait: the host that is prompt has a clock for it.
#[test]
fn a_timeout_of_weeks_passes_on_a_host_that_is_prompt() {
    let mut rig = Rig::new(EXACT);
    rig.warm_up();
    rig.stream(3);
    rig.stream(4);
    for days in [13, 15, 40] {
        let said = rig.try_select(Some(Duration::from_secs(days * 24 * 3600)));
        assert_eq!(said.unwrap(), [], "after {days} days");
    }
    assert_eq!(rig.world().endless, 0);
}

/// On a host that waits for all sources, a wait without a clock may never end. One poll that ends early
/// is not taken for proof that it waits for any.
#[test]
fn one_wrong_answer_does_not_make_a_host_prompt() {
    let mut rig = Rig::new(UVWASI);
    let keys = [3, 4].map(|fd| rig.stream(fd));
    // The wait, the poll that verifies its answer, and the test for a host that is blind.
    for fault in [Fault::Late(0), Fault::Late(0), Fault::Early] {
        rig.world().faults.push(fault);
    }
    for _ in 0..5 {
        rig.arrive(3, 1);
        rig.arrive(4, 1);
        let said = [None, Some(Duration::from_millis(20))].map(|timeout| rig.try_select(timeout));
        assert_eq!(sorted(said.map(Result::unwrap).concat()), readable(&[3, 4]));
        rig.drain(3, keys[0]);
        rig.drain(4, keys[1]);
    }
    assert_eq!(rig.world().endless, 0);
}

/// Point 5, wasmtime's own: a poll that does not block becomes cheap.
#[test]
fn a_slow_nanosecond_becomes_zero() {
    let mut rig = Rig::new(WASMTIME);
    let key = rig.stream(3);
    rig.stream(4);
    for _ in 0..20 {
        assert_eq!(rig.poll(), []);
    }
    let before_ns = rig.world().now_ns;
    for _ in 0..15 {
        assert_eq!(rig.poll(), []);
    }
    let took_ns = rig.world().now_ns - before_ns;
    assert!(took_ns < 3 * MS, "{took_ns}");
    rig.arrive(3, 5);
    assert_eq!(rig.poll(), readable(&[3]));
    rig.drain(3, key);
}

/// Point 5, wasmer: zero is forever there, and is never asked for.
#[test]
fn zero_is_never_asked_of_a_host_where_it_is_for_ever() {
    let mut rig = Rig::new(WASMER);
    let key = rig.stream(3);
    rig.stream(4);
    let waker = rig.selector.set_waker(Token(9));
    waker.unwrap();
    for round in 0..200 {
        if round % 3 == 0 {
            rig.selector.wake().unwrap();
            assert_eq!(rig.poll(), readable(&[9]));
        } else {
            rig.arrive(3, 1);
            assert_eq!(rig.poll(), readable(&[3]));
            rig.drain(3, key);
        }
    }
    assert!(rig.world().calls.iter().all(|call| call.timeout_ns > 0));
}

/// Point 5, wasmer: polls that were preempted are not taken for ones that slept.
#[test]
fn preempted_polls_do_not_lead_to_zero() {
    for preempted in 0..8 {
        let mut rig = Rig::new(WASMER);
        rig.stream(3);
        rig.stream(4);
        for (polls, cost_ns) in [(preempted, MS), (1, WASMER.call_cost_ns), (100, MS)] {
            rig.world().rules.call_cost_ns = cost_ns;
            for _ in 0..polls {
                assert_eq!(rig.poll(), []);
            }
        }
        assert!(rig.world().calls.iter().all(|call| call.timeout_ns > 0));
    }
}

/// Point 5: polls that do not block see every host's sources in the end.
#[test]
fn polls_that_do_not_block_see_a_source_on_every_host() {
    for rules in ALL {
        let mut rig = Rig::new(rules);
        let key = rig.stream(3);
        rig.stream(4);
        for _ in 0..5 {
            rig.arrive(3, 20);
            let seen = (0..40).any(|_| {
                let said = rig.poll();
                said.iter().any(|(token, _)| *token == 3)
            });
            assert!(seen, "{}", rules.name);
            rig.drain(3, key);
        }
    }
}

/// Point 6: what was said of a registration does not reach its successor.
#[test]
fn an_old_event_does_not_reach_a_new_registration() {
    for rules in ALL {
        let mut rig = Rig::new(rules);
        rig.events = crate::Events::with_capacity(1);
        let keys = [rig.stream(3), rig.stream(4)];
        rig.arrive(3, 10);
        rig.arrive(4, 10);
        let first = rig.select(100);
        assert_eq!(first.len(), 1, "{}", rules.name);
        // The other one waits for room. Its number and its index are used again.
        let other = if first[0].0 == 3 { 4 } else { 3 };
        let key = keys[usize::from(other == 4)];
        rig.deregister_and_close(key, other);
        rig.add(other, Kind::Stream, READ, Mode::Edge);
        if rules.is_honest() {
            assert_eq!(rig.select(60), [], "{}", rules.name);
        }
    }
}

/// Point 7: an idle loop with every source drained costs one call.
#[test]
fn an_idle_poll_is_one_call() {
    for rules in [EXACT, WASI_COMMON, WASMTIME, WASMER, WAMR, WASMEDGE] {
        let mut rig = Rig::new(rules);
        rig.warm_up();
        let keys: Vec<_> = (3..203)
            .map(|fd| rig.add(fd, Kind::Stream, READ | WRITE, Mode::Edge))
            .collect();
        // Each is writable, said once; then silent.
        for _ in 0..3 {
            for (token, what) in rig.select(20) {
                assert_eq!(what, "w", "{}: {token}", rules.name);
            }
        }
        // And the host shows what it does.
        for _ in 0..3 {
            rig.arrive(3, 64);
            assert_eq!(rig.select(20), readable(&[3]), "{}", rules.name);
            rig.drain(3, keys[0]);
        }
        let (said, calls) = rig.calls(|rig| rig.select(60_000));
        assert_eq!((said, calls), (vec![], vec![keys.len()]), "{}", rules.name);
    }
}

/// Point 9: an error of one source is an event of that source.
#[test]
fn an_error_belongs_to_its_source() {
    for rules in [EXACT, WASI_COMMON, WASMTIME, WASMER, WAMR] {
        let mut rig = Rig::new(rules);
        let keys = [rig.stream(3), rig.stream(4), rig.stream(5)];
        rig.world().fd(4).reset = true;
        rig.arrive(5, 10);
        let said = sorted([rig.select(100), rig.select(1)].concat());
        let tokens: Vec<_> = said.iter().map(|(token, _)| *token).collect();
        assert_eq!(tokens, [4, 5], "{}", rules.name);
        assert!(["rwe", "rR"].contains(&said[0].1.as_str()), "{said:?}");
        rig.drain(5, keys[2]);
        rig.arrive(3, 1);
        assert_eq!(rig.select(100), readable(&[3]), "{}", rules.name);
    }
}

/// Points 9 and 10: a descriptor that was closed behind the selector's back is reported
/// once, whatever the mode, and the others go on.
#[test]
fn a_closed_descriptor_is_reported_once_and_stops_nothing() {
    for rules in [EXACT, WASI_COMMON, WASMTIME, WASMER, WAMR, WASMEDGE] {
        for mode in [Mode::Edge, Mode::Level, Mode::Oneshot] {
            let mut rig = Rig::new(rules);
            let key = rig.stream(3);
            rig.add(4, Kind::Stream, READ | WRITE, mode);
            rig.world().fd(4).room = false;
            rig.world().fds.remove(&4);
            assert_eq!(
                rig.select(100),
                [(4, "rwe".to_owned())],
                "{} {mode:?}",
                rules.name
            );
            assert_eq!(rig.select(30), [], "{} {mode:?}", rules.name);
            rig.arrive(3, 7);
            assert_eq!(rig.select(100), readable(&[3]), "{} {mode:?}", rules.name);
            rig.drain(3, key);
        }
    }
}

/// Point 9: what the host cannot wait for is ready, and no busy loop, whatever the mode.
#[test]
fn a_refused_source_is_always_ready_but_not_a_busy_loop() {
    for errno in [Errno::PERM, Errno::NOTSUP, Errno::NOSYS] {
        for mode in [Mode::Edge, Mode::Level] {
            let mut rig = Rig::new(EXACT);
            let key = rig.add(3, Kind::Stream, READ, mode);
            rig.world().fd(3).refused = Some(errno);
            let before_ns = rig.world().now_ns;
            for _ in 0..20 {
                assert_eq!(rig.select(100), readable(&[3]), "{errno:?} {mode:?}");
                rig.drain(3, key);
            }
            let took_ns = rig.world().now_ns - before_ns;
            assert!(took_ns > 15 * MS, "it spins: {took_ns} ns, {mode:?}");
            assert!(took_ns < 25 * MS, "it crawls: {took_ns} ns");
        }
    }
}

/// A refusal counts until the source has other interests.
#[test]
fn a_host_that_refuses_is_asked_again_when_the_interest_changes() {
    for mode in [Mode::Edge, Mode::Level] {
        let mut rig = Rig::new(EXACT);
        let key = rig.add(3, Kind::Stream, READ | WRITE, mode);
        rig.world().fd(3).refused = Some(Errno::NOTSUP);
        assert_eq!(rig.select(100), [(3, "rw".to_owned())], "{mode:?}");
        rig.drain(3, key);
        rig.world().fd(3).refused = None;
        rig.selector.reregister(key, Token(3), READ, mode).unwrap();
        assert_eq!(rig.select(30), [], "{mode:?}");
        rig.arrive(3, 7);
        assert_eq!(rig.select(100), readable(&[3]), "{mode:?}");
    }
}

/// Point 10: an interrupted wait goes on, for what is left of it.
#[test]
fn an_interrupted_wait_goes_on() {
    for sources in 0..3 {
        let mut rig = Rig::new(EXACT);
        for fd in 0..sources {
            rig.stream(3 + fd);
        }
        rig.world().interrupts = 5;
        assert_eq!(rig.select(20), []);
    }
}

/// Point 11.
#[test]
fn a_descriptor_is_looked_at_when_it_is_registered() {
    let rig = Rig::new(EXACT);
    let error = rig
        .selector
        .register(3, Token(0), READ, Mode::Edge)
        .unwrap_err();
    assert_eq!(error.raw_os_error(), Some(i32::from(Errno::BADF.0)));
    // -1, or where descriptors are not negative the largest.
    let error = rig
        .selector
        .register(!0, Token(0), READ, Mode::Edge)
        .unwrap_err();
    assert_eq!(error.raw_os_error(), Some(i32::from(Errno::BADF.0)));
    rig.world().open(3, Kind::Directory);
    let error = rig
        .selector
        .register(3, Token(0), READ, Mode::Edge)
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(
        rig.selector.find(3).unwrap_err().kind(),
        ErrorKind::NotFound
    );
}

/// Point 12: the host (see its checks) never sees one direction twice.
#[test]
fn both_directions_of_a_source_are_one_event() {
    for rules in [EXACT, WASI_COMMON, WASMTIME, WASMER, WAMR, WASMEDGE] {
        let mut rig = Rig::new(rules);
        rig.add(3, Kind::Stream, READ | WRITE, Mode::Edge);
        rig.arrive(3, 9);
        assert_eq!(rig.select(100), [(3, "rw".to_owned())], "{}", rules.name);
        assert_eq!(rig.select(1), []);
    }
}

/// Point 14: what stands in for standard input when there is none.
#[test]
fn dev_null_as_standard_input_is_never_waited_for_to_be_read() {
    for rules in ALL {
        let mut rig = Rig::new(rules);
        rig.stream(3);
        rig.add(0, Kind::Null, READ, Mode::Level);
        for _ in 0..3 {
            let said = rig.select(100);
            assert!(
                said.contains(&(0, "r".to_owned())),
                "{}: {said:?}",
                rules.name
            );
        }
    }
}

/// Point 14: a pipe as standard input is waited for, and its end is seen.
#[test]
fn a_pipe_as_standard_input_is_waited_for() {
    for rules in ALL {
        let mut rig = Rig::new(rules);
        let key = rig.add(0, Kind::Pipe, READ, Mode::Edge);
        rig.stream(3);
        rig.world().after(25 * MS, Happening::Bytes(0, 11));
        let said = rig.select(200);
        assert!(said.contains(&(0, "r".to_owned())), "{}", rules.name);
        rig.drain(0, key);
        rig.world().after(5 * MS, Happening::Ended(0));
        let said = rig.select(200);
        assert!(said.contains(&(0, "r".to_owned())), "{}", rules.name);
    }
}

/// wasmtime fails a whole wait that is also for room in standard input. The program may read it.
#[test]
fn a_pipe_is_read_although_it_is_registered_for_writing_too() {
    for rules in [WASMTIME, EXACT] {
        for mode in [Mode::Edge, Mode::Level, Mode::Oneshot] {
            let mut rig = Rig::new(rules);
            rig.add(0, Kind::Pipe, READ | WRITE, mode);
            rig.stream(3);
            assert_eq!(rig.select(20), [], "{}", rules.name);
            rig.world().after(25 * MS, Happening::Bytes(0, 11));
            assert_eq!(rig.select(200), readable(&[0]), "{} {mode:?}", rules.name);
        }
    }
}

/// Point 16: large and random descriptor numbers.
#[test]
fn descriptor_numbers_may_be_anything() {
    let mut rig = Rig::new(EXACT);
    let fds = [0x7fff_ffff, 5, 0x4000_0001, 0x1234_5678];
    for fd in fds {
        rig.stream(fd);
        rig.arrive(fd, 3);
    }
    let tokens: Vec<_> = rig.select(10).iter().map(|(token, _)| *token).collect();
    assert_eq!(tokens.len(), 4);
    for fd in fds {
        assert!(tokens.contains(&usize::try_from(fd).unwrap()));
    }
}

/// Point 18, and no token is reserved.
#[test]
fn a_wake_before_the_wait_ends_it_at_once() {
    for rules in ALL {
        for with_source in [false, true] {
            let mut rig = Rig::new(rules);
            if with_source {
                rig.stream(3);
            }
            rig.selector.set_waker(Token(usize::MAX)).unwrap();
            rig.selector.wake().unwrap();
            rig.selector.wake().unwrap();
            let before_ns = rig.world().now_ns;
            let said = rig.try_select(None).unwrap();
            assert!(
                said.contains(&(usize::MAX, "r".to_owned())),
                "{}",
                rules.name
            );
            assert!(rig.world().now_ns - before_ns < 3 * MS, "{}", rules.name);
            if rules.is_honest() {
                assert_eq!(rig.poll(), [], "{}: two wakes are one event", rules.name);
            }
        }
    }
}

/// Point 18: a waker that is gone has no event; a second one needs the first to go.
#[test]
fn there_is_one_waker_at_a_time() {
    let mut rig = Rig::new(EXACT);
    rig.selector.set_waker(Token(1)).unwrap();
    let error = rig.selector.set_waker(Token(2)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    rig.selector.wake().unwrap();
    rig.selector.clear_waker();
    assert_eq!(rig.poll(), []);
    rig.selector.set_waker(Token(2)).unwrap();
    assert_eq!(rig.poll(), [], "the wake was for the other one");
    rig.selector.wake().unwrap();
    assert_eq!(rig.poll(), readable(&[2]));
}

/// Point 6: verification asks about what was asked about, not about what the host names.
#[test]
fn a_lie_about_a_silent_direction_is_not_verified() {
    let mut rig = Rig::new(EXACT.lying(Lie::StaleUserdata));
    let key = rig.stream(3);
    rig.stream(4);
    let _ = [rig.poll(), rig.poll()];
    rig.selector
        .reregister(key, Token(3), WRITE, Mode::Edge)
        .unwrap();
    rig.world().fd(3).room = false;
    let (said, calls) = rig.calls(|rig| rig.poll());
    assert_eq!((said, calls), (vec![], vec![2]));
}

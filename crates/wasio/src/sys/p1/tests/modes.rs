//! Modes, timers, the waker, little room, and forks.

use std::io::ErrorKind;
use std::time::Duration;

use super::host::{Happening, Kind, MS};
use super::rig::{READ, Rig, Said, WRITE, readable, sorted};
use super::rules::{ALL, EXACT, WASI_COMMON};
use crate::io_outcome::IoOutcome;
use crate::portable::{Direction, Expiry};
use crate::{Events, Mode, Token};

/// The rules whose answers are exact or made so.
fn honest() -> impl Iterator<Item = super::rules::Rules> {
    ALL.into_iter().filter(super::rules::Rules::is_honest)
}

#[test]
fn an_edge_is_silent_until_an_operation_blocks() {
    for rules in honest() {
        let mut rig = Rig::new(rules);
        let key = rig.stream(3);
        rig.arrive(3, 10);
        assert!(rig.selector.is_armed(key, Direction::Read));
        assert_eq!(rig.select(100), readable(&[3]));
        assert!(!rig.selector.is_armed(key, Direction::Read));
        assert_eq!(rig.select(5), [], "{}", rules.name);
        for outcome in [IoOutcome::Complete, IoOutcome::NoOp] {
            rig.selector.after_io(key, Direction::Read, outcome);
        }
        assert_eq!(
            rig.select(5),
            [],
            "more may be there, and it was not asked for"
        );
        rig.selector
            .after_io(key, Direction::Read, IoOutcome::WouldBlock);
        assert_eq!(rig.select(100), readable(&[3]), "{}", rules.name);
    }
}

#[test]
fn a_short_read_arms() {
    let mut rig = Rig::new(EXACT);
    let key = rig.stream(3);
    rig.arrive(3, 10);
    assert_eq!(rig.select(100), readable(&[3]));
    rig.selector
        .after_io(key, Direction::Read, IoOutcome::Partial);
    assert!(rig.selector.is_armed(key, Direction::Read));
    assert_eq!(rig.select(100), readable(&[3]));
    assert!(!rig.selector.is_armed(key, Direction::Read));
}

#[test]
fn an_operation_that_fails_arms() {
    let mut rig = Rig::new(EXACT);
    let key = rig.stream(3);
    rig.arrive(3, 10);
    assert_eq!(rig.select(100), readable(&[3]));
    rig.selector
        .after_io(key, Direction::Read, IoOutcome::Failed);
    assert_eq!(rig.select(100), readable(&[3]));
}

#[test]
fn an_end_that_was_read_is_not_reported() {
    let mut rig = Rig::new(EXACT);
    let key = rig.stream(3);
    // Ready from now on, for as long as it is registered.
    rig.arrive(3, 1);
    rig.selector.after_io(key, Direction::Read, IoOutcome::Eof);
    assert!(!rig.selector.is_armed(key, Direction::Read));
    assert_eq!(rig.select(5), []);
}

#[test]
fn operations_arm_only_what_was_asked_for() {
    let mut rig = Rig::new(EXACT);
    let key = rig.stream(3);
    rig.blocked(key, Direction::Write);
    assert!(!rig.selector.is_armed(key, Direction::Write));
    assert_eq!(rig.select(1), [], "it is writable, and nobody asked");
}

#[test]
fn a_level_is_reported_for_as_long_as_it_holds() {
    for rules in honest() {
        let mut rig = Rig::new(rules);
        rig.add(3, Kind::Stream, READ, Mode::Level);
        rig.arrive(3, 10);
        for _ in 0..3 {
            assert_eq!(rig.select(100), readable(&[3]), "{}", rules.name);
        }
        rig.world().fd(3).pending = 0;
        assert_eq!(rig.select(5), [], "{}", rules.name);
    }
}

#[test]
fn a_oneshot_is_silent_until_it_is_registered_again() {
    // One that never waits for both directions of a source is left out.
    for rules in honest().filter(|rules| !rules.first_direction_only) {
        let mut rig = Rig::new(rules);
        let key = rig.add(3, Kind::Stream, READ | WRITE, Mode::Oneshot);
        rig.world().fd(3).room = false;
        rig.arrive(3, 10);
        assert_eq!(rig.select(100), readable(&[3]));
        rig.world().fd(3).room = true;
        assert_eq!(rig.select(5), [], "{}: the other direction too", rules.name);
        rig.selector
            .reregister(key, Token(8), READ, Mode::Oneshot)
            .unwrap();
        assert_eq!(rig.select(100), readable(&[8]), "{}", rules.name);
        assert_eq!(rig.select(5), []);
    }
}

#[test]
fn registering_again_replaces_everything_and_arms() {
    let mut rig = Rig::new(EXACT);
    let key = rig.stream(3);
    rig.arrive(3, 10);
    assert_eq!(rig.select(10), readable(&[3]));
    rig.selector
        .reregister(key, Token(usize::MAX), READ | WRITE, Mode::Edge)
        .unwrap();
    assert_eq!(rig.select(10), [(usize::MAX, "rw".to_owned())]);
    rig.selector
        .reregister(key, Token(0), WRITE, Mode::Level)
        .unwrap();
    for _ in 0..2 {
        assert_eq!(rig.select(10), [(0, "w".to_owned())]);
    }
    assert_eq!(rig.selector.find(3).unwrap(), (key, Mode::Level));
}

#[test]
fn what_is_not_there_or_there_already_is_an_error() {
    let mut rig = Rig::new(EXACT);
    let key = rig.stream(3);
    let again = rig.selector.register(3, Token(1), READ, Mode::Edge);
    assert_eq!(again.unwrap_err().kind(), ErrorKind::AlreadyExists);
    rig.selector.deregister(key).unwrap();
    let gone = |result: std::io::Result<()>| result.unwrap_err().kind() == ErrorKind::NotFound;
    assert!(gone(rig.selector.deregister(key)));
    assert!(gone(rig.selector.reregister(
        key,
        Token(1),
        READ,
        Mode::Edge
    )));
    rig.stream(3);
    assert!(
        gone(rig.selector.deregister(key)),
        "the old key is not the new registration's"
    );
    rig.arrive(3, 1);
    assert_eq!(rig.select(10), readable(&[3]));
}

#[test]
fn a_selector_is_for_one_thread_at_a_time() {
    let mut rig = Rig::new(EXACT);
    rig.stream(3);
    let other = rig.selector.clone();
    let inner = move || {
        let error = other
            .select(&mut Events::with_capacity(1), None)
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ResourceBusy);
    };
    rig.world().after(MS, Happening::Run(Box::new(inner)));
    assert_eq!(rig.select(3), []);
    assert_eq!(rig.select(3), [], "and goes on as before");
}

/// Five sources are ready and there is room for `room`: each is reported once, in
/// the order that one poll with room for all would have.
#[test]
fn little_room_keeps_the_order_and_loses_nothing() {
    let run = |rules, room: usize| {
        let mut rig = Rig::new(rules);
        for fd in 3..8 {
            rig.stream(fd);
            rig.arrive(fd, 10);
        }
        rig.events = Events::with_capacity(room);
        let rounds = 5_usize.div_ceil(room);
        let said: Vec<Said> = (0..rounds).flat_map(|_| rig.select(100)).collect();
        assert_eq!(rig.select(5), []);
        said
    };
    for rules in honest() {
        let at_once = run(rules, 1024);
        assert_eq!(sorted(at_once.clone()), readable(&[3, 4, 5, 6, 7]));
        for room in 1..5 {
            assert_eq!(run(rules, room), at_once, "{}", rules.name);
        }
    }
}

#[test]
fn what_waits_for_room_costs_no_host_call() {
    let mut rig = Rig::new(EXACT);
    rig.warm_up();
    for fd in 3..7 {
        rig.stream(fd);
        rig.arrive(fd, 10);
    }
    rig.stream(9);
    rig.events = Events::with_capacity(1);
    let (said, calls) = rig.calls(|rig| (0..4).flat_map(|_| rig.select(9)).collect());
    assert_eq!(sorted(said), readable(&[3, 4, 5, 6]));
    assert_eq!(calls, [5]);
}

#[test]
fn what_waits_for_room_and_is_deregistered_is_not_reported() {
    let mut rig = Rig::new(EXACT);
    let keys: Vec<_> = (3..8).map(|fd| rig.stream(fd)).collect();
    (3..8).for_each(|fd| rig.arrive(fd, 10));
    rig.events = Events::with_capacity(1);
    let first = rig.select(10);
    let rest: Vec<usize> = (3..8).filter(|fd| first != readable(&[*fd])).collect();
    for fd in [rest[0], rest[1], rest[3]] {
        rig.deregister_and_close(keys[fd - 3], u32::try_from(fd).unwrap());
    }
    assert_eq!(rig.select(10), readable(&[rest[2]]));
    assert_eq!(rig.select(10), []);
}

#[test]
fn wakes_timers_and_sources_share_the_least_room() {
    let mut rig = Rig::new(EXACT);
    rig.stream(3);
    rig.add(4, Kind::Stream, WRITE, Mode::Level);
    rig.arrive(3, 10);
    rig.selector.set_waker(Token(100)).unwrap();
    rig.timer(200, 0, 1);
    rig.timer(201, 0, 1);
    rig.events = Events::with_capacity(1);
    let mut counts = std::collections::HashMap::new();
    for _ in 0..60 {
        rig.selector.wake().unwrap();
        for (token, _) in rig.select(10) {
            *counts.entry(token).or_insert(0) += 1;
        }
    }
    for (token, least) in [(3, 1), (4, 8), (100, 8), (200, 4), (201, 4)] {
        assert!(counts.get(&token) >= Some(&least), "{token}: {counts:?}");
    }
}

#[test]
fn wakes_that_never_end_do_not_keep_sources_waiting() {
    for rules in honest() {
        let mut rig = Rig::new(rules);
        let key = rig.stream(3);
        rig.stream(4);
        rig.selector.set_waker(Token(100)).unwrap();
        for _ in 0..5 {
            rig.arrive(3, 10);
            let seen = (0..20).any(|_| {
                rig.selector.wake().unwrap();
                let said = rig.select(10);
                assert_eq!(said.iter().filter(|one| one.0 == 100).count(), 1);
                said.iter().any(|one| one.0 == 3)
            });
            assert!(seen, "{}", rules.name);
            rig.drain(3, key);
        }
    }
}

#[test]
fn a_file_is_ready_without_the_host_and_does_not_hide_others() {
    for rules in honest() {
        let mut rig = Rig::new(rules);
        rig.add(3, Kind::File, READ, Mode::Level);
        let key = rig.stream(4);
        rig.stream(5);
        let before_ns = rig.world().now_ns;
        let mut seen = 0;
        for _ in 0..50 {
            rig.arrive(4, 10);
            let said = rig.select(100);
            assert!(
                said.contains(&(3, "r".to_owned())),
                "{}: {said:?}",
                rules.name
            );
            if said.contains(&(4, "r".to_owned())) {
                seen += 1;
                rig.drain(4, key);
            }
        }
        assert!(seen >= 3, "{}: {seen}", rules.name);
        let idle_ns = rig.world().now_ns;
        assert!(idle_ns - before_ns < 120 * MS, "it waits too long");
        rig.world().fd(4).pending = 0;
        for _ in 0..10 {
            assert_eq!(rig.select(100), readable(&[3]), "{}", rules.name);
        }
        let took_ns = rig.world().now_ns - idle_ns;
        assert!(took_ns >= 8 * MS, "{}: it spins: {took_ns}", rules.name);
    }
}

#[test]
fn an_edge_triggered_file_is_reported_once_and_at_once() {
    let mut rig = Rig::new(EXACT);
    let key = rig.add(3, Kind::File, READ, Mode::Edge);
    let (said, calls) = rig.calls(|rig| rig.select(100));
    assert_eq!((said, calls), (readable(&[3]), vec![]));
    assert_eq!(rig.select(5), []);
    for _ in 0..5 {
        rig.selector
            .after_io(key, Direction::Read, IoOutcome::Partial);
        let before_ns = rig.world().now_ns;
        assert_eq!(rig.select(100), readable(&[3]));
        assert!(rig.world().now_ns - before_ns < MS / 10);
    }
}

#[test]
fn timers_fire_in_order_and_never_early() {
    for rules in ALL {
        let mut rig = Rig::new(rules);
        let start_ns = rig.selector.now_ns();
        let delays = [7 * MS, 3 * MS, 3 * MS + 1, 1, 500_000, 40 * MS + 999_999];
        for (token, delay_ns) in delays.into_iter().enumerate() {
            rig.timer(token, delay_ns, 0);
        }
        let mut fired = Vec::new();
        while fired.len() < delays.len() {
            for (token, _) in rig.try_select(None).unwrap() {
                let elapsed_ns = rig.world().now_ns - start_ns;
                let late_ns = elapsed_ns.checked_sub(delays[token]).expect("early");
                assert!(late_ns <= 2 * MS, "{}: late by {late_ns}", rules.name);
                fired.push(token);
            }
        }
        assert_eq!(fired, [3, 4, 1, 2, 0, 5], "{}", rules.name);
    }
}

#[test]
fn timers_fire_in_time_beside_idle_sources() {
    for rules in honest() {
        let mut rig = Rig::new(rules);
        for fd in 3..40 {
            rig.stream(fd);
        }
        let key = rig.timer(99, 10 * MS, 10 * MS);
        let start_ns = rig.selector.now_ns();
        for round in 1..6 {
            assert_eq!(
                rig.try_select(None).unwrap(),
                readable(&[99]),
                "{}",
                rules.name
            );
            let elapsed_ns = rig.world().now_ns - start_ns;
            assert!(
                elapsed_ns + MS / 100 >= round * 10 * MS,
                "{}: early",
                rules.name
            );
            assert!(
                elapsed_ns < round * 10 * MS + 3 * MS,
                "{}: {elapsed_ns}",
                rules.name
            );
            assert_eq!(rig.selector.take_expirations(key).unwrap(), 1);
        }
    }
}

#[test]
fn a_cancelled_or_moved_timer_does_not_fire() {
    let mut rig = Rig::new(EXACT);
    let (moved, cancelled) = (rig.timer(1, 2 * MS, 0), rig.timer(2, 2 * MS, 0));
    let gone = rig.timer(3, 2 * MS, 2 * MS);
    rig.selector.set_timer(cancelled, None).unwrap();
    let expiry = Expiry {
        deadline_ns: rig.selector.now_ns() + 20 * MS,
        period_ns: 0,
    };
    rig.selector.set_timer(moved, Some(expiry)).unwrap();
    rig.selector.reregister_timer(moved, Token(9)).unwrap();
    rig.selector.deregister_timer(gone).unwrap();
    assert!(rig.selector.deregister_timer(gone).is_err());
    assert!(rig.selector.take_expirations(gone).is_err());
    assert_eq!(rig.select(10), []);
    assert_eq!(rig.select(15), readable(&[9]));
    assert_eq!(rig.selector.take_expirations(moved).unwrap(), 1);
}

#[test]
fn a_timer_that_is_not_set_is_something_to_wait_for() {
    // It can be set from another thread; without threads the wait is as long as the user says.
    let mut rig = Rig::new(EXACT);
    rig.selector.register_timer(Token(1), None).unwrap();
    assert_eq!(rig.select(5), []);
}

#[test]
fn a_source_that_wakes_while_a_timer_is_pending_is_seen_first() {
    for rules in honest() {
        let mut rig = Rig::new(rules);
        rig.stream(3);
        rig.timer(99, 300 * MS, 0);
        rig.world().after(20 * MS, Happening::Bytes(3, 5));
        assert_eq!(
            rig.try_select(None).unwrap(),
            readable(&[3]),
            "{}",
            rules.name
        );
        assert_eq!(
            rig.try_select(None).unwrap(),
            readable(&[99]),
            "{}",
            rules.name
        );
    }
}

#[test]
fn a_fork_starts_with_the_same_registrations_and_goes_its_own_way() {
    let mut rig = Rig::new(WASI_COMMON);
    let first = rig.stream(3);
    let second = rig.stream(4);
    rig.timer(9, 3 * MS, 0);
    rig.selector.set_waker(Token(50)).unwrap();
    rig.selector.wake().unwrap();
    rig.selector.deregister(second).unwrap();
    let fork = rig.selector.fork().unwrap();
    assert_ne!(fork.id(), rig.selector.id());
    rig.arrive(3, 10);
    assert_eq!(sorted(rig.select(10)), readable(&[3, 50]));
    rig.drain(3, first);
    rig.selector.deregister(first).unwrap();
    assert_eq!(rig.select(10), readable(&[9]));

    let original = std::mem::replace(&mut rig.selector, fork);
    assert_eq!(
        rig.select(20),
        readable(&[9]),
        "timers are copied, the waker is not"
    );
    rig.arrive(3, 10);
    for _ in 0..2 {
        assert_eq!(
            rig.select(10),
            readable(&[3]),
            "level-triggered in the fork"
        );
    }
    assert!(original.find(3).is_err() && rig.selector.find(3).is_ok());
    assert!(rig.selector.find(4).is_err());
}

#[test]
fn zero_is_no_wait_and_counts_as_passed() {
    let mut rig = Rig::new(EXACT);
    rig.stream(3);
    let (said, calls) = rig.calls(|rig| rig.try_select(Some(Duration::ZERO)).unwrap());
    assert_eq!((said, calls), (vec![], vec![1]));
}

/// The host says each time that there is something, and no operation finds it.
#[test]
fn a_source_that_is_ready_for_nothing_does_not_spin_on_any_host() {
    for rules in ALL {
        // It waits for no source, and its waits are bounded as they are.
        if rules.sleeps_then_all || rules.clock_only {
            continue;
        }
        let mut rig = Rig::new(rules);
        let key = rig.stream(5);
        rig.stream(6);
        rig.arrive(5, 1);
        let start_ns = rig.world().now_ns;
        let (mut reported, calls) = (0, rig.world().polls);
        while rig.world().now_ns - start_ns < 1_000 * MS {
            for (token, _) in rig.try_select(Some(Duration::from_secs(1))).unwrap() {
                reported += usize::from(token == 5);
                if token == 5 {
                    rig.blocked(key, Direction::Read);
                }
            }
        }
        let calls = rig.world().polls - calls;
        assert!(matches!(reported, 5..=9), "{}: {reported}", rules.name);
        assert!(calls < 200, "{}: {calls} calls", rules.name);
    }
}

/// The two are two answers of the host, and the first one disarms both directions.
#[test]
fn a_oneshot_says_both_directions_that_are_ready_in_one_event() {
    for rules in honest() {
        if rules.first_direction_only || rules.writes_refused {
            continue;
        }
        let mut rig = Rig::new(rules);
        rig.warm_up();
        rig.add(3, Kind::Stream, READ | WRITE, Mode::Oneshot);
        rig.arrive(3, 9);
        assert_eq!(rig.select(100), [(3, "rw".to_owned())], "{}", rules.name);
        assert_eq!(rig.select(5), [], "{}", rules.name);
    }
}

/// A program that waits for a whole header, and peeks at half of one, sees the same bytes again.
#[test]
fn peeks_that_find_nothing_new_do_not_spin() {
    for rules in honest() {
        let mut rig = Rig::new(rules);
        rig.warm_up();
        let key = rig.stream(3);
        rig.arrive(3, 1);
        let before_ns = rig.world().now_ns;
        let mut events = 0;
        while rig.world().now_ns - before_ns < 1_000 * MS {
            if !rig.select(100).is_empty() {
                events += 1;
                let peeked = IoOutcome::of_peek(1, 4);
                rig.selector.after_io(key, Direction::Read, peeked);
            }
        }
        assert!(
            (2..=20).contains(&events),
            "{}: {events} events",
            rules.name
        );
    }
}

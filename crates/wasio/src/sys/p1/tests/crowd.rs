//! Many sources: hosts with a limit, one bad among many, hot and cold.

use super::super::abi::Errno;
use super::host::{Happening, Kind, MS};
use super::rig::{READ, Rig, readable};
use super::rules::{EXACT, Rules, WASI_COMMON, WASMER};
use crate::Mode;
use crate::io_outcome::IoOutcome;
use crate::portable::Key;

const MANY: u32 = 70_000;

fn crowd(rig: &Rig, count: u32) -> Vec<Key> {
    (3..3 + count).map(|fd| rig.stream(fd)).collect()
}

/// Point 10: 70 000 sources on hosts that take 1024 in a call. The host checks the limit
/// itself: what is too long fails there.
#[test]
fn seventy_thousand_sources_are_asked_about_in_pieces() {
    for rules in [WASMER, WASI_COMMON] {
        let mut rig = Rig::new(rules);
        let keys = crowd(&rig, MANY);
        assert_eq!(
            rig.try_select(Some(std::time::Duration::from_millis(3)))
                .unwrap(),
            []
        );
        rig.world().calls.clear();
        for fd in [3, 35_000, 70_002] {
            rig.arrive(fd, 10);
            let before_ns = rig.world().now_ns;
            let said = rig.try_select(None).unwrap();
            assert_eq!(
                said,
                readable(&[usize::try_from(fd).unwrap()]),
                "{}",
                rules.name
            );
            assert!(rig.world().now_ns - before_ns < 100 * MS);
            rig.drain(fd, keys[usize::try_from(fd).unwrap() - 3]);
        }
        let calls = rig.world().calls.len();
        assert!(calls < 500, "{}: {calls} calls", rules.name);
        // Something happens while the selector waits for another piece.
        rig.world().after(50 * MS, Happening::Bytes(60_000, 3));
        let before_ns = rig.world().now_ns;
        assert_eq!(rig.try_select(None).unwrap(), readable(&[60_000]));
        assert!(rig.world().now_ns - before_ns < 150 * MS);
    }
}

#[test]
fn a_wait_in_pieces_ends_in_time() {
    let mut rig = Rig::new(WASMER);
    crowd(&rig, 3_000);
    assert_eq!(rig.select(40), []);
    rig.world().keep_calls = true;
    let (said, calls) = rig.calls(|rig| rig.select(200));
    assert_eq!(said, []);
    assert!(calls.len() < 300, "it spins: {}", calls.len());
    assert!(calls.iter().all(|len| *len <= 1024));
}

/// Point 10: one closed descriptor among many, on a host that fails the whole call for it.
#[test]
fn one_bad_among_many_is_found_and_stops_nobody() {
    for (rules, count) in [(WASI_COMMON, 1_000), (WASMER, 3_000), (WASI_COMMON, 3_000)] {
        let mut rig = Rig::new(rules);
        let keys = crowd(&rig, count);
        let _ = rig.select(1);
        let (bad, good) = (count / 2, count - 1);
        rig.world().fds.remove(&bad);
        rig.arrive(good, 50);
        let mut said = Vec::new();
        for _ in 0..4 {
            said.extend(rig.select(50));
        }
        said.sort();
        said.dedup();
        let token = |fd: u32| usize::try_from(fd).unwrap();
        let wanted = [
            (token(bad), "rwe".to_owned()),
            (token(good), "r".to_owned()),
        ];
        assert_eq!(said, wanted, "{}", rules.name);
        rig.drain(good, keys[token(good) - 3]);
    }
}

fn asked(rig: &Rig) -> (u64, u64) {
    let world = rig.world();
    (world.polls, world.stats)
}

/// Point 20, and nothing extra when idle: registering asks the host for nothing but the
/// kind of descriptor.
#[test]
fn registering_is_one_cheap_call_each() {
    let mut rig = Rig::new(EXACT);
    let keys = crowd(&rig, 10_000);
    assert_eq!(asked(&rig), (0, 10_000));
    for key in &keys {
        rig.selector.deregister(*key).unwrap();
    }
    assert_eq!(rig.poll(), []);
    assert_eq!(asked(&rig), (0, 10_000));
}

/// Plays a busy source, 3, beside idle ones; `each` is called before each poll.
fn busy(rig: &mut Rig, key: Key, rounds: u32, mut each: impl FnMut(&mut Rig, u32)) {
    for round in 0..rounds {
        rig.world().after(50_000, Happening::Bytes(3, 64));
        each(rig, round);
        let said = rig.select(100);
        if said.contains(&(3, "r".to_owned())) {
            rig.world().fd(3).pending = 0;
            rig.selector
                .after_io(key, crate::portable::Direction::Read, IoOutcome::Partial);
        }
    }
}

/// Once the crowd has cooled, each call is about the busy source alone.
#[test]
fn a_busy_source_does_not_pay_for_idle_ones() {
    for rules in [EXACT, WASI_COMMON] {
        let mut rig = Rig::new(rules);
        rig.warm_up();
        let keys = crowd(&rig, 1_000);
        busy(&mut rig, keys[0], 10_000, |rig, _| {
            rig.world().keep_calls = false
        });
        rig.world().keep_calls = true;
        let ((), calls) = rig.calls(|rig| busy(rig, keys[0], 1_000, |_, _| {}));
        let slots: usize = calls.iter().sum();
        let flat = 1_000 * 1_000;
        assert!(slots < flat / 10, "{}: {slots} slots", rules.name);
        assert!(calls.len() < 1_700, "{}: {} calls", rules.name, calls.len());
        assert!(
            calls.iter().filter(|len| **len == 1).count() > 900,
            "{}",
            rules.name
        );
    }
}

/// A cold source is seen within the bound of the policy, whatever it says.
#[test]
fn a_cold_source_is_seen_in_time_while_others_are_busy() {
    for rules in [EXACT, WASI_COMMON] {
        let mut rig = Rig::new(rules);
        rig.warm_up();
        let keys = crowd(&rig, 1_000);
        rig.world().keep_calls = false;
        busy(&mut rig, keys[0], 3_000, |_, _| {});
        for fd in [4, 500, 1_002] {
            for bytes in [1, 64] {
                rig.arrive(fd, bytes);
                let before_ns = rig.world().now_ns;
                let mut seen_ns = None;
                let token = usize::try_from(fd).unwrap();
                for _ in 0..200 {
                    rig.arrive(3, 64);
                    let said = rig.select(100);
                    if said.contains(&(token, "r".to_owned())) {
                        seen_ns = Some(rig.world().now_ns - before_ns);
                        rig.drain(fd, keys[token - 3]);
                        break;
                    }
                    rig.world().now_ns += 20_000;
                    rig.drain(3, keys[0]);
                }
                let seen_ns = seen_ns.expect("it starves");
                assert!(seen_ns < 4 * MS, "{}: {seen_ns} ns for {fd}", rules.name);
                rig.drain(3, keys[0]);
                busy(&mut rig, keys[0], 500, |_, _| {});
            }
        }
    }
}

/// A thousand connections come in storms of a hundred, each sends once, and then all are silent.
#[test]
fn a_crowd_that_falls_silent_costs_a_few_waits() {
    for rules in [EXACT, WASI_COMMON] {
        let mut rig = Rig::new(rules);
        rig.warm_up();
        let mut keys = Vec::new();
        for storm in 0..10 {
            let first = 3 + storm * 100;
            keys.extend((first..first + 100).map(|fd| rig.stream(fd)));
            for fd in first..first + 100 {
                let at_ns = u64::from(fd - first) * 15_000;
                rig.world().after(at_ns, Happening::Bytes(fd, 64));
            }
            let mut left = 100;
            while left > 0 {
                for (token, _) in rig.try_select(None).unwrap() {
                    rig.world().now_ns += 10_000;
                    rig.drain(u32::try_from(token).unwrap(), keys[token - 3]);
                    left -= 1;
                }
            }
        }
        let (said, calls) = rig.calls(|rig| rig.select(2_000));
        assert_eq!(said, []);
        assert_eq!(calls.last(), Some(&1_000), "{}: sleeps on all", rules.name);
        let slots: usize = calls.iter().sum();
        let name = rules.name;
        assert!(calls.len() <= 24, "{name}: {} calls", calls.len());
        assert!(slots <= 4_000, "{name}: {slots} slots");
    }
}

/// Level-triggered sources that are always ready share polls with the rest.
#[test]
fn sources_that_never_stop_do_not_starve_the_others() {
    for rules in [EXACT, WASI_COMMON] {
        let mut rig = Rig::new(rules);
        rig.warm_up();
        for fd in 3..67 {
            rig.add(fd, Kind::Stream, READ, Mode::Level);
            rig.arrive(fd, 100);
        }
        let cold: Vec<_> = (100..200).map(|fd| rig.stream(fd)).collect();
        for _ in 0..100 {
            assert!(rig.select(100).len() >= 64);
        }
        for (room, fds) in [(1024, [100, 199]), (16, [150, 198])] {
            rig.events = crate::Events::with_capacity(room);
            for fd in fds {
                rig.arrive(fd, 1);
                let token = usize::try_from(fd).unwrap();
                let seen = (0..400).any(|_| rig.select(100).contains(&(token, "r".to_owned())));
                assert!(seen, "{}: {fd} starves, room {room}", rules.name);
                rig.drain(fd, cold[token - 100]);
            }
        }
    }
}

/// A limit that the host says in another way, or that comes with time.
#[test]
fn any_error_for_too_many_leads_to_pieces() {
    for errno in [Errno::TOO_BIG, Errno::INVAL, Errno::NOMEM] {
        for limit in [1, 7, 100, 600] {
            let rules = Rules {
                limit: Some((limit, errno)),
                ..EXACT
            };
            let mut rig = Rig::new(rules);
            let keys = crowd(&rig, 700);
            for fd in [3, 400, 702] {
                rig.arrive(fd, 9);
                let token = usize::try_from(fd).unwrap();
                let said = rig.try_select(None).unwrap();
                assert_eq!(said, readable(&[token]), "{errno:?}, {limit}");
                rig.drain(fd, keys[token - 3]);
            }
        }
    }
}

/// Linux takes no more in a `poll` than the process may have open descriptors, which others may lower
/// for a while: wasmtime then returns `inval`.
#[test]
fn a_limit_that_is_lifted_costs_nothing_later() {
    let mut rig = Rig::new(EXACT);
    rig.warm_up();
    let keys = crowd(&rig, 20);
    rig.world().rules.limit = Some((8, Errno::INVAL));
    let (_, lens) = rig.calls(|rig| rig.select(10_000));
    let tried = lens.iter().filter(|len| **len == 20).count();
    let most = lens.len() / 100;
    assert!(
        (2..=most).contains(&tried),
        "{tried} of {} calls",
        lens.len()
    );
    rig.world().rules.limit = None;
    rig.select(1_000);
    let (_, lens) = rig.calls(|rig| rig.select(60_000));
    assert_eq!(lens, [20]);
    rig.arrive(3, 9);
    assert_eq!(rig.select(10), readable(&[3]));
    rig.drain(3, keys[0]);
}

/// A poll allocates nothing once its buffers have grown: they stay where they are.
#[test]
fn sources_that_come_and_go_use_the_same_places() {
    let mut rig = Rig::new(EXACT);
    for round in 0..1_000 {
        let keys = [rig.stream(3), rig.stream(4)];
        rig.arrive(3, 1);
        assert_eq!(rig.select(10), readable(&[3]));
        assert!(keys.iter().all(|key| key.index < 4), "{round}: {keys:?}");
        rig.deregister_and_close(keys[0], 3);
        rig.deregister_and_close(keys[1], 4);
    }
}

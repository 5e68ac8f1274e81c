//! What each host does that the others do not.

use std::time::Duration;

use super::super::abi::Errno;
use super::super::quirks::Quirks;
use super::host::{Happening, Kind, MS};
use super::rig::{READ, Rig, WRITE, readable, sorted};
use super::rules::{BROWSER, Nbytes, Rules, UVWASI, WAMR, WASI_COMMON, WASMEDGE, WASMER, WAZERO};
use crate::io_outcome::IoOutcome;
use crate::portable::{Direction, LONGEST_WAIT_NS};
use crate::{Mode, Token};

/// A host that reports all sources when any is ready, and whose byte counts tell nothing.
const WOLF: Rules = Rules {
    nbytes: Nbytes::One,
    ..WASI_COMMON
};

#[test]
fn wasi_common_reports_of_idle_sources_do_not_reach_the_caller() {
    for rules in [WASI_COMMON, WOLF] {
        for bytes in [1, 2, 100] {
            let mut rig = Rig::new(rules);
            for fd in 3..40 {
                rig.stream(fd);
            }
            rig.add(40, Kind::Listener, READ, Mode::Edge);
            rig.add(41, Kind::Stream, WRITE, Mode::Edge);
            rig.world().fd(41).room = false;
            for fd in [7, 23, 40] {
                rig.arrive(fd, bytes);
                let said = rig.select(100);
                assert_eq!(said, readable(&[usize::try_from(fd).unwrap()]));
                assert_eq!(rig.select(3), []);
            }
            rig.world().fd(41).room = true;
            assert_eq!(rig.select(100), [(41, "w".to_owned())]);
        }
    }
}

/// Doubtful answers are verified later while there is work, but not forever.
#[test]
fn wasi_common_one_byte_beside_a_busy_stream_is_seen_soon() {
    for gap_ns in [20_000, 60_000, 300_000] {
        let mut rig = Rig::new(WASI_COMMON);
        rig.warm_up();
        let busy = rig.stream(3);
        rig.stream(4);
        rig.arrive(3, 100);
        for _ in 0..20 {
            assert_eq!(rig.select(100), readable(&[3]));
            rig.drain(3, busy);
            rig.world().after(gap_ns, Happening::Bytes(3, 100));
        }
        rig.arrive(4, 1);
        let before_ns = rig.world().now_ns;
        loop {
            let said = rig.select(100);
            let waited_ns = rig.world().now_ns - before_ns;
            assert!(
                waited_ns < 2 * MS,
                "it starves: {waited_ns} ns, {gap_ns} apart"
            );
            if said.contains(&(4, "r".to_owned())) {
                break;
            }
            rig.drain(3, busy);
            rig.world().after(gap_ns, Happening::Bytes(3, 100));
        }
    }
}

/// Neither does a stream that has no room keep the others from being verified.
#[test]
fn wasi_common_one_byte_beside_a_blocked_writer_is_seen_soon() {
    let mut rig = Rig::new(WASI_COMMON);
    rig.warm_up();
    let busy = rig.stream(3);
    rig.stream(4);
    rig.add(5, Kind::Stream, WRITE, Mode::Edge);
    rig.world().fd(5).room = false;
    rig.arrive(4, 1);
    let before_ns = rig.world().now_ns;
    loop {
        rig.arrive(3, 100);
        if rig.select(100).contains(&(4, "r".to_owned())) {
            break;
        }
        rig.drain(3, busy);
        assert!(rig.world().now_ns - before_ns < 3 * MS, "it starves");
    }
}

#[test]
fn wasi_common_ping_pong_is_one_call_a_round() {
    let mut rig = Rig::new(WASI_COMMON);
    rig.warm_up();
    let key = rig.stream(3);
    rig.add(4, Kind::Listener, READ, Mode::Edge);
    let rounds: u64 = 200;
    let (_, calls) = rig.calls(|rig| {
        for _ in 0..rounds {
            rig.world().after(50_000, Happening::Bytes(3, 64));
            assert_eq!(rig.select(100), readable(&[3]));
            rig.drain(3, key);
        }
    });
    // The listener is doubted each time, and verified each millisecond: a call for the
    // group, which says that both are ready, and one for each.
    let verifying = 3 * (rounds / 15);
    assert!(
        calls.len() as u64 <= rounds + verifying,
        "{} calls",
        calls.len()
    );
}

#[test]
fn wamr_ping_pong_is_one_call_a_round() {
    let mut rig = Rig::new(WAMR);
    rig.warm_up();
    let key = rig.stream(3);
    rig.stream(4);
    let (_, calls) = rig.calls(|rig| {
        for _ in 0..100 {
            rig.world().after(50_000, Happening::Bytes(3, 1));
            assert_eq!(rig.select(100), readable(&[3]));
            rig.drain(3, key);
        }
    });
    assert_eq!(calls.len(), 100);
}

#[test]
fn uvwasi_an_idle_source_does_not_hold_back_a_ready_one() {
    let mut rig = Rig::new(UVWASI);
    let key = rig.add(1, Kind::Stream, WRITE, Mode::Edge);
    let stdin = rig.add(0, Kind::Pipe, READ, Mode::Edge);
    for timeout_ms in [1, 2, 13, 600, 20_000] {
        let before_ns = rig.world().now_ns;
        let said = rig.select(timeout_ms);
        assert_eq!(said, [(1, "w".to_owned())], "{timeout_ms}");
        assert!(rig.world().now_ns - before_ns < 55 * MS, "{timeout_ms}");
        rig.blocked(key, Direction::Write);
        rig.blocked(stdin, Direction::Read);
    }
}

/// It returns when all are ready; then the same question without a wait finds none.
#[test]
fn uvwasi_all_sources_ready_at_once_are_all_reported() {
    let mut rig = Rig::new(UVWASI);
    let stdout = rig.add(1, Kind::Stream, WRITE, Mode::Edge);
    let stdin = rig.add(0, Kind::Pipe, READ, Mode::Edge);
    for _ in 0..10 {
        rig.arrive(0, 5);
        let said = sorted(rig.select(1_000));
        assert_eq!(said, [(0, "r".to_owned()), (1, "w".to_owned())]);
        rig.drain(0, stdin);
        (rig.selector).after_io(stdout, Direction::Write, IoOutcome::Partial);
    }
}

#[test]
fn uvwasi_a_timer_more_often_than_each_millisecond_does_not_hide_a_source() {
    for sources in 1..3 {
        let mut rig = Rig::new(UVWASI);
        rig.add(0, Kind::Pipe, READ, Mode::Edge);
        if sources > 1 {
            rig.stream(5);
        }
        rig.timer(99, 400_000, 400_000);
        rig.arrive(0, 5);
        let seen = (0..40).any(|_| {
            let said = rig.try_select(None).unwrap();
            said.contains(&(0, "r".to_owned()))
        });
        assert!(seen, "{sources} sources");
    }
}

/// The millisecond in which such a host sees a source is each chunk's in turn.
#[test]
fn uvwasi_a_timer_does_not_hide_a_source_in_any_chunk() {
    for ready in 3..7 {
        let mut rig = Rig::new(Rules {
            limit: Some((2, Errno::INVAL)),
            ..UVWASI
        });
        for fd in 3..7 {
            rig.stream(fd);
        }
        rig.timer(99, MS, MS);
        rig.arrive(ready, 5);
        let seen = (0..200).any(|_| {
            rig.world().now_ns += MS;
            let said = rig.try_select(None).unwrap();
            said.iter().any(|(token, _)| *token == ready as usize)
        });
        assert!(seen, "{ready}");
    }
}

/// The file ends each `select`, so none of them sees that the wait in it was too short.
#[test]
fn uvwasi_a_file_beside_a_timer_of_a_millisecond_does_not_hide_a_source() {
    let mut rig = Rig::new(UVWASI);
    rig.add(0, Kind::Pipe, READ, Mode::Edge);
    rig.add(5, Kind::File, READ, Mode::Level);
    rig.timer(99, MS, MS);
    rig.arrive(0, 5);
    let seen = (0..200).any(|_| {
        let said = rig.try_select(None).unwrap();
        said.contains(&(0, "r".to_owned()))
    });
    assert!(seen);
}

#[test]
fn uvwasi_a_file_it_refuses_stops_nothing() {
    let mut rig = Rig::new(UVWASI);
    rig.add(0, Kind::Null, READ, Mode::Edge);
    let key = rig.stream(5);
    for _ in 0..5 {
        rig.arrive(5, 5);
        let said = [rig.select(100), rig.select(100)].concat();
        assert!(said.contains(&(5, "r".to_owned())), "{said:?}");
        rig.drain(5, key);
    }
}

#[test]
fn wasmer_answers_in_any_order_are_the_same_to_the_caller() {
    let mut rig = Rig::new(WASMER);
    let keys: Vec<_> = (3..10).map(|fd| rig.stream(fd)).collect();
    for round in 0..20 {
        let fds = [3 + round % 7, 3 + (round * 3 + 1) % 7];
        for fd in fds {
            rig.arrive(fd, 10);
        }
        let mut wanted = fds.map(|fd| usize::try_from(fd).unwrap()).to_vec();
        wanted.sort_unstable();
        wanted.dedup();
        assert_eq!(sorted(rig.select(100)), readable(&wanted));
        for token in wanted {
            rig.drain(u32::try_from(token).unwrap(), keys[token - 3]);
        }
    }
}

#[test]
fn wazero_refused_writes_are_tried_but_not_in_a_busy_loop() {
    let mut rig = Rig::new(WAZERO);
    let key = rig.add(3, Kind::Stream, READ | WRITE, Mode::Edge);
    rig.stream(4);
    let before_ns = rig.world().now_ns;
    let mut writes = 0;
    for _ in 0..50 {
        let said = rig.select(100);
        writes += said
            .iter()
            .filter(|one| one.0 == 3 && one.1.contains('w'))
            .count();
        rig.blocked(key, Direction::Read);
        rig.blocked(key, Direction::Write);
    }
    let took_ns = rig.world().now_ns - before_ns;
    assert!(writes >= 40, "{writes}");
    assert!(took_ns > 30 * MS, "it spins: {took_ns}");
}

#[test]
fn wazero_sources_are_polled_at_short_intervals() {
    let mut rig = Rig::new(WAZERO);
    let keys = [rig.stream(3), rig.stream(4)];
    rig.world().after(200 * MS, Happening::Bytes(3, 5));
    let before_ns = rig.world().now_ns;
    let mut polls = 0;
    loop {
        let said = rig.try_select(None).unwrap();
        assert!(!said.is_empty());
        let elapsed_ns = rig.world().now_ns - before_ns;
        if rig.world().fd(3).pending > 0 {
            assert!(elapsed_ns < 255 * MS, "{elapsed_ns}");
            break;
        }
        polls += 1;
        keys.iter()
            .for_each(|key| rig.blocked(*key, Direction::Read));
    }
    assert!(polls < 30, "it spins: {polls}");
}

#[test]
fn wasmedge_an_error_of_a_source_reaches_it_in_the_end() {
    let mut rig = Rig::new(WASMEDGE);
    rig.stream(3);
    let key = rig.stream(4);
    rig.world().fds.remove(&4);
    let before_ns = rig.world().now_ns;
    assert_eq!(rig.try_select(None).unwrap(), [(4, "rwe".to_owned())]);
    assert!(rig.world().now_ns - before_ns < 60 * MS);
    rig.selector.deregister(key).unwrap();
    assert_eq!(rig.select(30), []);
}

#[test]
fn the_browser_shim_waits_for_time_and_calls_the_rest_ready() {
    let mut rig = Rig::new(BROWSER);
    let key = rig.stream(3);
    rig.timer(9, 10 * MS, 0);
    let start_ns = rig.world().now_ns;
    let mut tries = 0;
    loop {
        let said = rig.try_select(None).unwrap();
        if said.contains(&(9, "r".to_owned())) {
            break;
        }
        assert_eq!(said, readable(&[3]));
        tries += 1;
        rig.blocked(key, Direction::Read);
    }
    assert!(rig.world().now_ns - start_ns < 12 * MS);
    assert!((5..15).contains(&tries), "{tries}");
}

/// A whole call fails for a source: it is found among few, and among more than is
/// taken for a matter of numbers.
#[test]
fn one_that_makes_every_call_fail_is_found_and_the_rest_is_asked_whole_again() {
    for sources in [3_u32, 300, 900] {
        let rules = Rules {
            files: super::rules::Files::WholeInval,
            limit: None,
            ..WASI_COMMON
        };
        let mut rig = Rig::new(rules);
        rig.warm_up();
        let keys: Vec<_> = (3..3 + sources).map(|fd| rig.stream(fd)).collect();
        // A stream when it was registered; of a kind that the host cannot wait for later.
        rig.world().open(4, Kind::File);
        let said = [rig.select(100), rig.select(100)].concat();
        assert!(said.contains(&(4, "r".to_owned())), "{sources}: {said:?}");
        for _ in 0..20 {
            let _ = rig.select(5);
        }
        rig.world().calls.clear();
        rig.arrive(3, 100);
        assert!(rig.select(100).contains(&(3, "r".to_owned())));
        rig.drain(3, keys[0]);
        let world = rig.world();
        let whole = usize::try_from(sources).unwrap() - 1;
        assert_eq!(world.calls[0].questions.len(), whole, "{sources}");
    }
}

#[test]
fn a_token_is_the_callers_alone() {
    let mut rig = Rig::new(WASI_COMMON);
    let tokens = [usize::MAX, 0, usize::MAX - 1, 1 << 32];
    for (fd, token) in (3..).zip(tokens) {
        rig.world().open(fd, Kind::Stream);
        rig.register(fd, token, READ, Mode::Edge);
        rig.arrive(fd, 2);
    }
    // Two sources may have the same.
    rig.world().open(9, Kind::Stream);
    rig.register(9, usize::MAX, READ, Mode::Edge);
    rig.arrive(9, 2);
    rig.selector.set_waker(Token(0)).unwrap();
    rig.selector.wake().unwrap();
    let mut wanted = readable(&tokens);
    wanted.extend(readable(&[usize::MAX, 0]));
    assert_eq!(sorted(rig.select(10)), sorted(wanted));
}

/// Round trips of `busy` streams beside others that are idle: the calls for a thousand of them.
fn calls_per_thousand(sources: u32, busy: u32, timeout: Option<Duration>) -> usize {
    let mut rig = Rig::new(WASI_COMMON);
    rig.warm_up();
    let keys: Vec<_> = (3..3 + sources).map(|fd| rig.stream(fd)).collect();
    let mut random = 1_u64;
    let mut trips = |rig: &mut Rig, count: u32| {
        let mut trips = 0;
        (0..busy).for_each(|i| rig.arrive(3 + i, 64));
        while trips < count {
            for (token, _) in rig.try_select(timeout).unwrap() {
                let fd = u32::try_from(token).unwrap();
                rig.drain(fd, keys[token - 3]);
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let delay_ns = 40_000 + (random >> 40) % 20_000;
                rig.world().after(delay_ns, Happening::Bytes(fd, 64));
                trips += 1;
            }
        }
    };
    rig.world().keep_calls = false;
    trips(&mut rig, 4_000);
    rig.world().keep_calls = true;
    rig.calls(|rig| trips(rig, 4_000)).1.len() / 4
}

#[test]
fn wasi_common_verification_costs_few_calls() {
    for (sources, busy, most) in [
        (1, 1, 1_000),
        (8, 1, 1_050),
        (64, 1, 1_350),
        (1_000, 1, 1_400),
        (16, 16, 700),
        (64, 64, 90),
        (256, 256, 15),
    ] {
        for timeout in [None, Some(Duration::from_secs(1))] {
            let calls = calls_per_thousand(sources, busy, timeout);
            assert!(calls <= most, "{busy} of {sources}: {calls} calls");
        }
    }
}

/// The fast path reads no clock: there a count of waits limits how long an event that is never
/// certain is held back.
#[test]
fn wasi_common_one_byte_beside_a_stream_that_never_pauses_is_seen() {
    for timeout in [None, Some(Duration::from_secs(1))] {
        let mut rig = Rig::new(WASI_COMMON);
        rig.warm_up();
        let busy = rig.stream(3);
        rig.stream(4);
        let mut polls = (0..170).filter(|poll| {
            rig.arrive(3, 100);
            // By then the host is known, and so each wait takes the fast path.
            if *poll == 100 {
                rig.arrive(4, 1);
            }
            let said = rig.try_select(timeout).unwrap();
            rig.drain(3, busy);
            said.contains(&(4, "r".to_owned()))
        });
        let seen = polls.next().is_some();
        assert!(seen, "it starves, {timeout:?}");
    }
}

#[test]
fn a_wait_without_a_limit_is_the_longest_on_a_host_that_rounds_down_too() {
    let mut quirks = Quirks::new();
    quirks.coarse = true;
    assert_eq!(quirks.timeout_ns(u64::MAX), LONGEST_WAIT_NS);
    assert_eq!(quirks.timeout_ns(MS + 1), 2 * MS);
}

//! The wait itself: its time, its bounds, and what it refuses.

mod util;

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use util::{LIMIT, SLACK, assert_error, assert_prompt, bounded, one_event};
use wasio::time::Timer;
use wasio::{Events, Interest, Poll, Token, Waker};

#[test]
fn a_timeout_is_never_early_and_not_much_late() {
    bounded(|| {
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(8);
        let mut delays = Vec::new();
        for timeout in [
            Duration::ZERO,
            Duration::from_nanos(1),
            Duration::from_nanos(999_999),
            Duration::from_micros(1001),
            Duration::from_millis(20),
            Duration::from_nanos(99_999_999),
        ] {
            let started = Instant::now();
            poll.poll(&mut events, Some(timeout)).unwrap();
            let waited = started.elapsed();
            assert!(events.is_empty());
            assert!(waited >= timeout, "{timeout:?}: early: {waited:?}");
            delays.push(waited - timeout);
        }
        assert_prompt(delays);
    });
}

// A tenth of a millisecond, were it rounded to milliseconds, would take ten times as long.
#[test]
fn short_timeouts_are_not_rounded_to_milliseconds() {
    bounded(|| {
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(8);
        let timeout = Duration::from_micros(100);
        let best = (0..100)
            .map(|_| {
                let started = Instant::now();
                poll.poll(&mut events, Some(timeout)).unwrap();
                started.elapsed()
            })
            .min();
        let best = best.unwrap();
        assert!(best >= timeout, "early: {best:?}");
        if cfg!(target_os = "linux") {
            assert!(best < Duration::from_micros(900), "late: {best:?}");
        }
    });
}

#[test]
fn a_poll_with_nothing_to_wait_for_is_invalid_input() {
    bounded(|| {
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(8);
        assert_error(poll.poll(&mut events, None), ErrorKind::InvalidInput);
        // It is what is registered that counts, now and not before.
        let waker = Waker::new(poll.registry(), Token(0)).unwrap();
        waker.wake().unwrap();
        poll.poll(&mut events, None).unwrap();
        drop(waker);
        assert_error(poll.poll(&mut events, None), ErrorKind::InvalidInput);
        let mut timer = Timer::oneshot(Duration::ZERO);
        poll.registry()
            .register(&mut timer, Token(0), Interest::READABLE)
            .unwrap();
        poll.poll(&mut events, None).unwrap();
        drop(timer);
        assert_error(poll.poll(&mut events, None), ErrorKind::InvalidInput);
    });
}

#[test]
fn an_empty_poll_waits_for_what_another_thread_registers() {
    bounded(|| {
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(8);
        let registry = poll.registry().try_clone().unwrap();
        let other = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            let mut timer = Timer::oneshot(Duration::from_millis(1));
            registry
                .register(&mut timer, Token(4), Interest::READABLE)
                .unwrap();
            (registry, timer)
        });
        poll.poll(&mut events, None).unwrap();
        assert_eq!(events.iter().next().unwrap().token(), Token(4));
        drop(other.join().unwrap());
        assert_error(poll.poll(&mut events, None), ErrorKind::InvalidInput);
    });
}

// The last handle that could have registered something is gone.
#[test]
fn an_empty_poll_ends_when_no_other_handle_is_left() {
    bounded(|| {
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(8);
        let registry = poll.registry().try_clone().unwrap();
        let other = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            drop(registry);
        });
        let start = Instant::now();
        assert_error(poll.poll(&mut events, None), ErrorKind::InvalidInput);
        assert!(start.elapsed() >= Duration::from_millis(25));
        other.join().unwrap();
    });
}

#[test]
fn events_without_capacity_are_invalid_input() {
    bounded(|| {
        let mut poll = Poll::new().unwrap();
        let mut none = Events::with_capacity(0);
        assert_eq!(none.capacity(), 0);
        let refused = poll.poll(&mut none, Some(Duration::ZERO));
        assert_error(refused, ErrorKind::InvalidInput);
        // And nothing is lost by that.
        let waker = Waker::new(poll.registry(), Token(3)).unwrap();
        waker.wake().unwrap();
        assert_error(poll.poll(&mut none, None), ErrorKind::InvalidInput);
        let mut events = Events::with_capacity(1);
        assert_eq!(one_event(&mut poll, &mut events).token(), Token(3));
    });
}

#[test]
fn the_longest_timeouts_there_are_wait_and_do_not_overflow() {
    bounded(|| {
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(8);
        let mut never = Timer::oneshot(Duration::MAX);
        poll.registry()
            .register(&mut never, Token(0), Interest::READABLE)
            .unwrap();
        let after = Duration::from_millis(10);
        for timeout in [
            Duration::MAX,
            Duration::MAX - Duration::from_nanos(1),
            Duration::from_secs(u64::MAX / 1_000_000_000),
            Duration::from_secs(u64::from(u32::MAX)),
        ] {
            let started = Instant::now();
            let mut timer = Timer::oneshot(after);
            poll.registry()
                .register(&mut timer, Token(1), Interest::READABLE)
                .unwrap();
            poll.poll(&mut events, Some(timeout)).unwrap();
            let waited = started.elapsed();
            let tokens: Vec<_> = events.iter().map(|event| event.token()).collect();
            assert_eq!(tokens, [Token(1)], "{timeout:?}");
            assert!(waited >= after && waited < after + SLACK, "{waited:?}");
        }
    });
}

#[test]
fn the_longest_timeout_is_ended_by_a_waker() {
    bounded(|| {
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(8);
        let waker = Waker::new(poll.registry(), Token(1)).unwrap();
        let waking = std::thread::spawn(move || {
            waker.wake().unwrap();
            waker
        });
        let started = Instant::now();
        poll.poll(&mut events, Some(Duration::MAX)).unwrap();
        assert!(started.elapsed() < LIMIT);
        assert_eq!(events.iter().count(), 1);
        drop(waking.join().unwrap());
    });
}

#[test]
fn a_poll_replaces_the_events_of_the_last_one() {
    bounded(|| {
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(8);
        let waker = Waker::new(poll.registry(), Token(1)).unwrap();
        waker.wake().unwrap();
        one_event(&mut poll, &mut events);
        poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
        assert!(events.is_empty(), "{events:?}");
        waker.wake().unwrap();
        one_event(&mut poll, &mut events);
        assert_error(
            {
                drop(waker);
                poll.poll(&mut events, None)
            },
            ErrorKind::InvalidInput,
        );
        assert!(events.is_empty(), "{events:?}");
    });
}

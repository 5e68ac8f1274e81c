//! Timers: never early, once or in their rhythm, and movable from other threads.

mod util;

use std::io::ErrorKind;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use util::{
    LIMIT, SILENCE, SLACK, assert_error, assert_prompt, assert_silent, bounded, one_event, poll,
    poll_beside_others, wait_until_busy,
};
use wasio::time::Timer;
use wasio::{Events, Interest, Poll, Token};

fn new_poll() -> (Poll, Events) {
    (Poll::new().unwrap(), Events::with_capacity(8))
}

fn register(poll: &Poll, timer: &mut Timer, token: usize) {
    poll.registry()
        .register(timer, Token(token), Interest::READABLE)
        .unwrap();
}

#[track_caller]
fn assert_waited(since: Instant, after: Duration) {
    let waited = since.elapsed();
    assert!(waited >= after, "early: {waited:?} of {after:?}");
    assert!(waited < after + SLACK, "late: {waited:?} of {after:?}");
}

#[test]
fn a_timer_fires_once_and_never_early() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        for after in [0, 1, 500, 1_500, 20_000].map(Duration::from_micros) {
            let started = Instant::now();
            let mut timer = Timer::oneshot(after);
            register(&poll, &mut timer, 4);
            let event = one_event(&mut poll, &mut events);
            assert_waited(started, after);
            assert_eq!(event.token(), Token(4));
            assert!(event.is_readable() && !event.is_writable() && !event.is_error());
            assert_eq!(timer.expirations(), 1);
            assert_eq!(timer.expirations(), 0);
            assert_silent(&mut poll, &mut events);
        }
    });
}

#[test]
fn a_timer_runs_before_it_is_registered() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let started = Instant::now();
        let mut timer = Timer::oneshot(SILENCE);
        poll.poll(&mut events, Some(SILENCE * 2)).unwrap();
        register(&poll, &mut timer, 0);
        one_event(&mut poll, &mut events);
        assert_waited(started, SILENCE * 2);
    });
}

/// It keeps its phase and counts the periods that it missed, also of the time before there was a poll.
#[test]
fn a_periodic_timer_runs_before_it_is_registered() {
    const PERIOD: Duration = Duration::from_millis(5);
    bounded(|| {
        let started = Instant::now();
        let mut timer = Timer::periodic(PERIOD);
        thread::sleep(PERIOD * 10);
        let (mut poll, mut events) = new_poll();
        register(&poll, &mut timer, 0);
        one_event(&mut poll, &mut events);
        let mut ticks = timer.expirations();
        assert!(ticks >= 10, "{ticks}");
        for _ in 0..3 {
            one_event(&mut poll, &mut events);
            ticks += timer.expirations();
            // It was set a moment after `started`.
            let most = started.elapsed().as_nanos() / PERIOD.as_nanos();
            assert!(u128::from(ticks) <= most, "{ticks} of {most}");
        }
    });
}

#[test]
fn timers_fire_in_the_order_of_their_deadlines() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let order = [3, 0, 4, 1, 2];
        let mut timers: Vec<_> = order
            .iter()
            .map(|place| Timer::oneshot(Duration::from_millis(1 + 4 * place)))
            .collect();
        for (place, timer) in order.iter().zip(&mut timers) {
            register(&poll, timer, usize::try_from(*place).unwrap());
        }
        let mut fired = Vec::new();
        while fired.len() < timers.len() {
            let found = util::poll(&mut poll, &mut events);
            fired.extend(found.iter().map(|event| event.token().0));
        }
        assert_eq!(fired, [0, 1, 2, 3, 4]);
    });
}

#[test]
fn a_periodic_timer_keeps_its_phase_and_counts_what_was_missed() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let period = Duration::from_millis(5);
        let started = Instant::now();
        let mut timer = Timer::periodic(period);
        register(&poll, &mut timer, 0);
        // Its first period began between the two.
        let running = Instant::now();
        let mut ticks = 0;
        for _ in 0..5 {
            one_event(&mut poll, &mut events);
            let more = timer.expirations();
            assert!(more >= 1);
            ticks += more;
            assert_waited(started, period * u32::try_from(ticks).unwrap());
        }
        // A poll that comes late finds one event for all that was missed.
        while running.elapsed() < period * 20 {
            std::hint::spin_loop();
        }
        one_event(&mut poll, &mut events);
        ticks += timer.expirations();
        assert!(ticks >= 20, "{ticks}");
        assert!(period * u32::try_from(ticks).unwrap() <= started.elapsed());
    });
}

#[test]
fn the_first_period_may_differ() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let (first, period) = (Duration::from_millis(2), Duration::from_millis(30));
        let started = Instant::now();
        let mut timer = Timer::new();
        timer.set_periodic(first, period);
        register(&poll, &mut timer, 0);
        one_event(&mut poll, &mut events);
        assert_waited(started, first);
        one_event(&mut poll, &mut events);
        assert_waited(started, first + period);
    });
}

#[test]
fn a_cancelled_timer_is_silent_until_it_is_set_again() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let mut timer = Timer::periodic(Duration::from_millis(1));
        register(&poll, &mut timer, 0);
        one_event(&mut poll, &mut events);
        timer.cancel();
        assert_eq!(timer.expirations(), 0);
        assert_silent(&mut poll, &mut events);
        let started = Instant::now();
        timer.set(Duration::from_millis(3));
        one_event(&mut poll, &mut events);
        assert_waited(started, Duration::from_millis(3));
        // The period went with the cancelling.
        assert_silent(&mut poll, &mut events);
    });
}

#[test]
fn a_timer_that_is_moved_fires_at_its_new_time_only() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let mut timer = Timer::oneshot(Duration::from_millis(1));
        register(&poll, &mut timer, 0);
        let started = Instant::now();
        timer.set(Duration::from_millis(50));
        one_event(&mut poll, &mut events);
        assert_waited(started, Duration::from_millis(50));
        assert_silent(&mut poll, &mut events);

        timer.set(Duration::from_secs(3600));
        let started = Instant::now();
        timer.set_at(started + Duration::from_millis(4));
        one_event(&mut poll, &mut events);
        assert_waited(started, Duration::from_millis(4));

        timer.set_periodic(Duration::from_secs(3600), Duration::from_millis(2));
        let started = Instant::now();
        timer.reset(Duration::from_millis(3));
        one_event(&mut poll, &mut events);
        assert_waited(started, Duration::from_millis(3));
        one_event(&mut poll, &mut events);
        assert_waited(started, Duration::from_millis(5));
    });
}

#[test]
fn a_timer_that_is_dropped_or_deregistered_is_silent() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let mut dropped = Timer::oneshot(Duration::from_millis(1));
        let mut removed = Timer::oneshot(Duration::from_millis(1));
        register(&poll, &mut dropped, 0);
        register(&poll, &mut removed, 1);
        drop(dropped);
        poll.registry().deregister(&mut removed).unwrap();
        assert_silent(&mut poll, &mut events);
        assert_error(
            poll.registry().deregister(&mut removed),
            ErrorKind::NotFound,
        );
        let moved = poll
            .registry()
            .reregister(&mut removed, Token(1), Interest::READABLE);
        assert_error(moved, ErrorKind::NotFound);
    });
}

#[test]
fn a_timer_is_registered_once_and_for_reading() {
    bounded(|| {
        let (mut poll, mut events) = new_poll();
        let mut timer = Timer::oneshot(Duration::from_millis(2));
        let registry = poll.registry();
        let refused = registry.register(&mut timer, Token(0), Interest::WRITABLE);
        assert_error(refused, ErrorKind::InvalidInput);
        registry
            .register(&mut timer, Token(0), Interest::READABLE)
            .unwrap();
        let again = registry.register(&mut timer, Token(1), Interest::READABLE);
        assert_error(again, ErrorKind::AlreadyExists);
        registry
            .reregister(&mut timer, Token(usize::MAX), Interest::READABLE)
            .unwrap();
        assert_eq!(one_event(&mut poll, &mut events).token(), Token(usize::MAX));
    });
}

#[test]
fn a_timer_set_by_another_thread_ends_a_longer_wait() {
    bounded(|| {
        let after = Duration::from_millis(5);
        let mut delays = Vec::new();
        for _ in 0..10 {
            let (mut poll, mut events) = new_poll();
            let mut first = Timer::oneshot(Duration::from_secs(3600));
            register(&poll, &mut first, 0);
            let registry = poll.registry().try_clone().unwrap();
            let (seen, is_seen) = mpsc::channel();
            let polling = thread::spawn(move || {
                for _ in 0..2 {
                    poll_beside_others(&mut poll, &mut events);
                    let event = events.iter().next().unwrap();
                    seen.send((event.token(), Instant::now())).unwrap();
                }
            });
            let mut second = Timer::oneshot(Duration::from_secs(3600));
            for (token, timer) in [&mut first, &mut second].into_iter().enumerate() {
                wait_until_busy(registry.selector());
                let started = Instant::now();
                timer.set(after);
                if token == 1 {
                    let interest = Interest::READABLE;
                    registry.register(timer, Token(token), interest).unwrap();
                }
                let (fired, at) = is_seen.recv_timeout(LIMIT).unwrap();
                assert_eq!(fired, Token(token));
                assert!(at >= started + after, "early");
                delays.push(at - (started + after));
            }
            polling.join().unwrap();
        }
        assert_prompt(delays);
    });
}

#[test]
fn ten_thousand_timers_all_fire_through_a_small_buffer() {
    bounded(|| {
        const TIMERS: usize = 10_000;
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(7);
        let started = Instant::now();
        let mut timers: Vec<_> = (0..TIMERS)
            .map(|token| {
                let after = Duration::from_micros(token as u64 * 7919 % 20_000);
                let mut timer = Timer::oneshot(after);
                register(&poll, &mut timer, token);
                (timer, after)
            })
            .collect();
        let mut left = TIMERS;
        while left > 0 {
            for event in util::poll(&mut poll, &mut events) {
                let (timer, after) = &mut timers[event.token().0];
                assert_eq!(timer.expirations(), 1);
                assert!(started.elapsed() >= *after);
                left -= 1;
            }
        }
        drop(timers);
        assert_error(poll.poll(&mut events, None), ErrorKind::InvalidInput);
    });
}

#[test]
fn timers_that_are_due_leave_the_wait_at_once() {
    bounded(|| {
        let (mut source, mut events) = new_poll();
        let mut delays = Vec::new();
        for _ in 0..9 {
            let mut timers: Vec<_> = (0..3).map(|_| Timer::oneshot(Duration::ZERO)).collect();
            for timer in &mut timers {
                register(&source, timer, 0);
            }
            let started = Instant::now();
            assert_eq!(poll(&mut source, &mut events).len(), 3);
            delays.push(started.elapsed());
        }
        assert_prompt(delays);
    });
}

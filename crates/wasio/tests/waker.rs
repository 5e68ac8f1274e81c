//! The waker: no wake is lost, from any thread, at any time.

mod util;

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use util::{assert_error, assert_prompt, assert_silent, bounded, one_event};
use wasio::{Events, Poll, Token, Waker};

const WAKE: Token = Token(usize::MAX);

fn new_poll() -> (Poll, Events, Waker) {
    let poll = Poll::new().unwrap();
    let waker = Waker::new(poll.registry(), WAKE).unwrap();
    (poll, Events::with_capacity(8), waker)
}

#[test]
fn a_wake_before_the_poll_ends_it_at_once_and_only_once() {
    bounded(|| {
        let (mut poll, mut events, waker) = new_poll();
        let mut delays = Vec::new();
        for _ in 0..9 {
            waker.wake().unwrap();
            let started = Instant::now();
            let event = one_event(&mut poll, &mut events);
            delays.push(started.elapsed());
            assert_eq!(event.token(), WAKE);
            assert!(event.is_readable() && !event.is_writable());
            assert_silent(&mut poll, &mut events);
        }
        assert_prompt(delays);
    });
}

#[test]
fn many_wakes_before_a_poll_are_one_event() {
    bounded(|| {
        let (mut poll, mut events, waker) = new_poll();
        for _ in 0..1000 {
            waker.wake().unwrap();
        }
        one_event(&mut poll, &mut events);
        assert_silent(&mut poll, &mut events);
    });
}

#[test]
fn a_wake_from_another_thread_ends_the_wait() {
    bounded(|| {
        let (mut poll, mut events, waker) = new_poll();
        let waker = Arc::new(waker);
        let mut delays = Vec::new();
        for _ in 0..100 {
            let waker = Arc::clone(&waker);
            let waking = thread::spawn(move || {
                let before = Instant::now();
                waker.wake().unwrap();
                before
            });
            assert_eq!(one_event(&mut poll, &mut events).token(), WAKE);
            let seen = Instant::now();
            let before = waking.join().unwrap();
            assert!(seen >= before, "seen before it was done");
            delays.push(seen - before);
        }
        assert_prompt(delays);
    });
}

#[test]
fn what_was_done_before_a_wake_is_seen_and_of_a_million_wakes_none_is_lost() {
    bounded(|| {
        const THREADS: usize = 4;
        const WAKES: usize = 250_000;
        let (mut poll, mut events, waker) = new_poll();
        let shared = Arc::new((waker, AtomicUsize::new(0)));
        let wakers: Vec<_> = (0..THREADS)
            .map(|_| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    for _ in 0..WAKES {
                        // Relaxed: it is the wake that makes it visible.
                        shared.1.fetch_add(1, Ordering::Relaxed);
                        shared.0.wake().unwrap();
                    }
                })
            })
            .collect();
        // A wake that is lost after the last addition leaves this waiting forever: `bounded` fails.
        while shared.1.load(Ordering::Relaxed) < THREADS * WAKES {
            one_event(&mut poll, &mut events);
        }
        for waker in wakers {
            waker.join().unwrap();
        }
    });
}

#[test]
fn every_wake_of_a_ping_pong_arrives() {
    bounded(|| {
        let (mut ours, mut events, our_waker) = new_poll();
        let (mut theirs, mut their_events, their_waker) = new_poll();
        let other = thread::spawn(move || {
            for _ in 0..5_000 {
                one_event(&mut theirs, &mut their_events);
                our_waker.wake().unwrap();
            }
            our_waker
        });
        for _ in 0..5_000 {
            their_waker.wake().unwrap();
            one_event(&mut ours, &mut events);
        }
        drop(other.join().unwrap());
    });
}

#[test]
fn a_poll_has_one_waker_at_a_time() {
    bounded(|| {
        let (mut poll, mut events, waker) = new_poll();
        let second = Waker::new(poll.registry(), Token(1));
        assert_error(second, ErrorKind::AlreadyExists);
        // A wake that was not seen goes with its waker.
        waker.wake().unwrap();
        drop(waker);
        let waker = Waker::new(poll.registry(), Token(2)).unwrap();
        assert_silent(&mut poll, &mut events);
        waker.wake().unwrap();
        assert_eq!(one_event(&mut poll, &mut events).token(), Token(2));
    });
}

#[test]
fn a_waker_may_outlive_its_poll() {
    bounded(|| {
        let (poll, _, waker) = new_poll();
        drop(poll);
        // It reaches nobody, and is neither an error nor a panic.
        waker.wake().unwrap();
    });
}

#[test]
fn a_wake_does_not_end_a_timeout_of_a_poll_that_has_no_waker() {
    bounded(|| {
        let (mut poll, mut events, waker) = new_poll();
        waker.wake().unwrap();
        drop(waker);
        assert_silent(&mut poll, &mut events);
    });
}

#[cfg(feature = "net")]
#[test]
fn a_busy_waker_does_not_keep_the_sources_out() {
    use std::io::Write;
    use wasio::Interest;

    bounded(|| {
        let poll = &mut Poll::new().unwrap();
        let waker = Waker::new(poll.registry(), WAKE).unwrap();
        // Room for one.
        let mut events = Events::with_capacity(1);
        let (mut ours, mut peer) = util::connection();
        poll.registry()
            .register(&mut ours, Token(0), Interest::READABLE)
            .unwrap();
        let mut wakes = 0;
        for _ in 0..20 {
            peer.write_all(b"x").unwrap();
            loop {
                waker.wake().unwrap();
                let event = one_event(poll, &mut events);
                if event.token() == Token(0) {
                    assert_eq!(util::drain(&ours), b"x");
                    break;
                }
                wakes += 1;
            }
        }
        assert!(wakes >= 10, "{wakes}");
    });
}

#[test]
fn a_wake_and_a_timeout_do_not_disturb_each_other() {
    bounded(|| {
        let (mut poll, mut events, waker) = new_poll();
        for round in 0..50_u32 {
            let timeout = Duration::from_micros(u64::from(round) * 10);
            let started = Instant::now();
            poll.poll(&mut events, Some(timeout)).unwrap();
            assert!(events.is_empty() && started.elapsed() >= timeout);
            waker.wake().unwrap();
            one_event(&mut poll, &mut events);
        }
    });
}

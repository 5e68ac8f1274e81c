//! Timeouts of any length are never early and not unreasonably late, also beside a timer that is
//! far in the future and with the longest possible timeout.

use std::time::{Duration, Instant};

use wasio::time::Timer;
use wasio::{Events, Interest, Poll, Token, Waker};

/// Allows for a machine that is shared with other tests, and for hosts that count in milliseconds.
const LATE: Duration = Duration::from_secs(2);

fn main() {
    let mut poll = Poll::new().expect("a poll");
    let mut events = Events::with_capacity(4);
    check_all(&mut poll, &mut events);
    let mut timer = Timer::oneshot(Duration::from_secs(3600));
    let registry = poll.registry();
    registry
        .register(&mut timer, Token(0), Interest::READABLE)
        .expect("register");
    check_all(&mut poll, &mut events);

    // An earlier wake ends the longest wait at once.
    let waker = Waker::new(poll.registry(), Token(1)).expect("a waker");
    for timeout in [
        Some(Duration::MAX),
        Some(Duration::from_nanos(u64::MAX)),
        None,
    ] {
        waker.wake().expect("wake");
        let start = Instant::now();
        poll.poll(&mut events, timeout).expect("poll");
        assert_eq!(events.iter().count(), 1, "{timeout:?}");
        assert!(start.elapsed() < LATE, "{timeout:?}: {:?}", start.elapsed());
    }
    check_all(&mut poll, &mut events);
}

fn check_all(poll: &mut Poll, events: &mut Events) {
    let ns = Duration::from_nanos;
    for (timeout, rounds) in [
        (ns(1), 20),
        (ns(1_000), 20),
        (ns(1_000_000), 10),
        (ns(1_500_001), 10),
        (ns(10_000_000), 3),
        (ns(100_000_000), 1),
    ] {
        for _ in 0..rounds {
            let start = Instant::now();
            poll.poll(events, Some(timeout)).expect("poll");
            let elapsed = start.elapsed();
            assert!(events.is_empty(), "{timeout:?}: {events:?}");
            assert!(elapsed >= timeout, "{timeout:?}: early, {elapsed:?}");
            assert!(elapsed < timeout + LATE, "{timeout:?}: late, {elapsed:?}");
        }
    }
}

//! A zero timeout does not block, whether there is nothing, a timer or a waker to wait for.

use std::time::{Duration, Instant};

use wasio::time::Timer;
use wasio::{Events, Interest, Poll, Token, Waker};

const POLLS: u32 = 2000;

fn main() {
    let mut poll = Poll::new().expect("a poll");
    let mut events = Events::with_capacity(4);
    check(&mut poll, &mut events);
    let mut timer = Timer::oneshot(Duration::from_secs(3600));
    let registry = poll.registry();
    registry
        .register(&mut timer, Token(0), Interest::READABLE)
        .expect("register");
    check(&mut poll, &mut events);
    let _waker = Waker::new(poll.registry(), Token(1)).expect("a waker");
    check(&mut poll, &mut events);
}

/// If each poll took a millisecond, the sum would be two seconds.
fn check(poll: &mut Poll, events: &mut Events) {
    let start = Instant::now();
    for _ in 0..POLLS {
        poll.poll(events, Some(Duration::ZERO)).expect("poll");
        assert!(events.is_empty(), "{events:?}");
    }
    let elapsed = start.elapsed();
    assert!(elapsed < Duration::from_millis(1) * POLLS, "{elapsed:?}");
}

//! A poll with nothing to wait for is an error. With a timeout it sleeps.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use wasio::time::Timer;
use wasio::{Events, Interest, Poll, Token, Waker};
use wasio_guests::driver::expect_kind;

fn main() {
    let mut poll = Poll::new().expect("a poll");
    let mut events = Events::with_capacity(4);
    expect_kind(poll.poll(&mut events, None), ErrorKind::InvalidInput);

    // There is no error while a source is registered.
    let mut timer = Timer::new();
    let registry = poll.registry();
    registry
        .register(&mut timer, Token(0), Interest::READABLE)
        .expect("register");
    drop(timer);
    expect_kind(poll.poll(&mut events, None), ErrorKind::InvalidInput);
    let waker = Waker::new(poll.registry(), Token(1)).expect("a waker");
    waker.wake().expect("wake");
    poll.poll(&mut events, None).expect("a wake to wait for");
    assert_eq!(events.iter().count(), 1);
    drop(waker);
    expect_kind(poll.poll(&mut events, None), ErrorKind::InvalidInput);
    assert!(events.is_empty(), "{events:?}");

    let (start, pause) = (Instant::now(), Duration::from_millis(20));
    poll.poll(&mut events, Some(pause)).expect("a sleep");
    assert!(events.is_empty() && start.elapsed() >= pause);
}

//! A poll with `Events` of capacity 0 fails, and consumes no event.

use std::io::ErrorKind;
use std::time::Duration;

use wasio::{Events, Poll, Token, Waker};
use wasio_guests::driver::expect_kind;

fn main() {
    let mut poll = Poll::new().expect("a poll");
    let waker = Waker::new(poll.registry(), Token(0)).expect("a waker");
    waker.wake().expect("wake");
    let mut none = Events::with_capacity(0);
    assert_eq!(none.capacity(), 0);
    for timeout in [None, Some(Duration::ZERO), Some(Duration::MAX)] {
        expect_kind(poll.poll(&mut none, timeout), ErrorKind::InvalidInput);
    }
    // The wake was not consumed.
    let mut one = Events::with_capacity(1);
    poll.poll(&mut one, None).expect("poll");
    assert_eq!(
        one.iter().next().map(wasio::event::Event::token),
        Some(Token(0))
    );
}

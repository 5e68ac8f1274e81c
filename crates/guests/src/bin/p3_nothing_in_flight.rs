//! A wait that nothing can end is refused: the host would never return.

use std::io::{ErrorKind, Read};
use std::time::Duration;

use wasio::{Events, Interest, Poll, Token, Waker};
use wasio_guests::driver::accept;

fn main() {
    let mut poll = Poll::new().expect("a poll");
    let mut events = Events::with_capacity(8);
    let waker = Waker::new(poll.registry(), Token(0)).expect("a waker");
    let refused = |poll: &mut Poll, events: &mut Events| {
        let error = poll.poll(events, None).expect_err("nothing ends it");
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("never end"), "{error}");
    };
    refused(&mut poll, &mut events);
    waker.wake().expect("wake");
    poll.poll(&mut events, None).expect("woken");
    assert_eq!(events.iter().count(), 1);
    let short = Some(Duration::from_millis(1));
    poll.poll(&mut events, short).expect("a timeout ends it");

    // A stream that was reported and not read has no read in flight.
    let mut stream = accept(&mut wasio_guests::listener());
    let registry = poll.registry();
    registry
        .register(&mut stream, Token(1), Interest::READABLE)
        .expect("register");
    // The clock of this wait goes on, and does not count.
    let long = Some(Duration::from_secs(600));
    poll.poll(&mut events, long).expect("the peer sends");
    assert_eq!(events.iter().count(), 1);
    refused(&mut poll, &mut events);
    let mut buffer = [0; 8];
    assert_eq!(stream.read(&mut buffer).expect("read"), 5);
    // From here on one is in flight.
    poll.poll(&mut events, None).expect("the peer ends");
    assert_eq!(stream.read(&mut buffer).expect("the end"), 0);
}

//! What wasio has read ahead of the program is reported by a fork of the selector once: it does not
//! learn when the program has taken it.

use std::time::{Duration, Instant};

use wasio::{Events, Interest};
use wasio_guests::driver::{Driver, accept_each, drain, say};

const WAIT: Duration = Duration::from_millis(300);

fn main() {
    let [control, mut stream] = accept_each(&mut wasio_guests::listener());
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::READABLE);
    say(&control, "send");
    driver.expect(1);
    assert_eq!(stream.peek(&mut [0; 2]).expect("a peek"), 2);
    driver.deregister(&mut stream);
    driver.register(&mut stream, 2, Interest::READABLE);
    driver.expect(2);

    let fork = driver.poll.registry().selector().fork().expect("a fork");
    let mut events = Events::with_capacity(8);
    fork.select(&mut events, Some(WAIT)).expect("select");
    assert_eq!(events.iter().count(), 1, "{events:?}");
    assert_eq!(drain(&mut stream).0, b"ab");
    let start = Instant::now();
    while start.elapsed() < WAIT {
        fork.select(&mut events, Some(WAIT)).expect("select");
        assert!(events.is_empty(), "after a read: {events:?}");
    }
    // The host is waited for again, in both.
    say(&control, "more");
    driver.expect(2);
    fork.select(&mut events, Some(WAIT)).expect("select");
    assert_eq!(events.iter().count(), 1, "{events:?}");
    drop(stream);
    fork.select(&mut events, Some(WAIT)).expect("select");
    assert!(events.is_empty(), "after a drop: {events:?}");
    say(&control, "done");
}

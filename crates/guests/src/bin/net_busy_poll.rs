//! A loop that never blocks sees all events: each non-blocking poll makes the host process the
//! network.

use std::time::{Duration, Instant};

use wasio::{Interest, Token};
use wasio_guests::driver::{Driver, PATIENCE, accept, drain, say};

/// More sources than a host polls before its task has to yield (128 in tokio).
const IN_VAIN: usize = 1000;

fn main() {
    let mut listener = wasio_guests::listener();
    let mut stream = accept(&mut listener);
    let mut driver = Driver::default();
    driver.register(&mut listener, 0, Interest::READABLE);
    driver.register(&mut stream, 1, Interest::READABLE);
    for _ in 0..IN_VAIN {
        assert!(!look(&mut driver), "{:?}", driver.events);
    }
    say(&stream, "1");
    let start = Instant::now();
    while !look(&mut driver) {
        assert!(start.elapsed() < PATIENCE, "no event in {PATIENCE:?}");
    }
    let tokens: Vec<_> = driver.events.iter().map(|event| event.token()).collect();
    assert_eq!(tokens, [Token(1)]);
    assert_eq!(drain(&mut stream), (b"hello".to_vec(), false));
}

/// Polls without blocking. Returns whether there is an event.
fn look(driver: &mut Driver) -> bool {
    let timeout = Some(Duration::ZERO);
    driver.poll.poll(&mut driver.events, timeout).expect("poll");
    !driver.events.is_empty()
}

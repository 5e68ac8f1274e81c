//! A loop that never blocks sees what comes all the same: a look has the host take in what the
//! network did.

use std::time::{Duration, Instant};

use wasio::{Interest, Token};
use wasio_guests::driver::{Driver, PATIENCE, accept, drain, say};

/// More than what a host asks in earnest before it does something else (tokio: 128).
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

/// Whether there is an event.
fn look(driver: &mut Driver) -> bool {
    let timeout = Some(Duration::ZERO);
    driver.poll.poll(&mut driver.events, timeout).expect("poll");
    !driver.events.is_empty()
}

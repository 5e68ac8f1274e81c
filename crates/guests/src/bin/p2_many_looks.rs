//! A non-blocking poll sees ready sources however many are registered, although wasmtime checks
//! only 128 of them per call.

use std::time::{Duration, Instant};

use wasio::{Events, Interest, Poll, Pollable, Token};
use wasip2::clocks::monotonic_clock::subscribe_duration;

const MANY: usize = 300;
const FAR_NS: u64 = 600_000_000_000;
const LATEST: Duration = Duration::from_secs(5);

fn main() {
    let start = Instant::now();
    let mut poll = Poll::new().expect("a poll");
    let mut events = Events::with_capacity(8);
    let mut clocks: Vec<_> = (0..MANY).map(|_| subscribe_duration(FAR_NS)).collect();
    clocks.push(subscribe_duration(1_000_000));
    let mut sources = Vec::new();
    for (number, clock) in clocks.iter().enumerate() {
        let mut source = Pollable::new(clock.handle());
        let registry = poll.registry();
        let result = registry.register(&mut source, Token(number), Interest::READABLE);
        result.expect("register");
        sources.push(source);
    }
    clocks[MANY].block();

    poll.poll(&mut events, Some(Duration::ZERO)).expect("poll");
    let found: Vec<Token> = events.iter().map(|event| event.token()).collect();
    assert_eq!(found, [Token(MANY)]);
    // A poll without a timeout returns as soon as a source is ready.
    poll.poll(&mut events, None).expect("poll");
    let found: Vec<Token> = events.iter().map(|event| event.token()).collect();
    assert_eq!(found, [Token(MANY)]);
    assert!(start.elapsed() < LATEST, "late: {:?}", start.elapsed());
}

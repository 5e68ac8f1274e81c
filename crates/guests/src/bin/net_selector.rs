//! A clone is the same selector. A fork starts with the same registrations and is then independent.

use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::time::Duration;

use wasio::net::TcpStream;
use wasio::{Events, Interest, Selector, Token};
use wasio_guests::driver::{PATIENCE, accept_std, drain, expect_kind, hear};

fn tokens(selector: &Selector, timeout: Duration) -> Vec<usize> {
    let mut events = Events::with_capacity(8);
    selector.select(&mut events, Some(timeout)).expect("select");
    let mut tokens: Vec<_> = events.iter().map(|event| event.token().0).collect();
    tokens.sort_unstable();
    tokens
}

fn main() {
    let streams = accept_std::<2>();
    let [one, two] = streams.each_ref().map(AsRawFd::as_raw_fd);
    let mut streams = streams.map(TcpStream::from_std);
    let selector = Selector::new().expect("a selector");
    let clone = selector.try_clone().expect("a clone");
    clone
        .register(one, Token(1), Interest::READABLE)
        .expect("register");
    expect_kind(
        selector.register(one, Token(1), Interest::READABLE),
        ErrorKind::AlreadyExists,
    );
    assert_eq!(tokens(&selector, PATIENCE), [1]);
    assert_eq!(tokens(&clone, PATIENCE), [1]);

    let fork = selector.fork().expect("a fork");
    assert_eq!(tokens(&fork, PATIENCE), [1]);
    // A change of one does not affect the other.
    fork.register(two, Token(2), Interest::READABLE)
        .expect("register");
    let mut seen = Vec::new();
    while seen != [1, 2] {
        seen = tokens(&fork, PATIENCE);
    }
    assert_eq!(tokens(&selector, PATIENCE), [1]);
    selector.deregister(one).expect("deregister");
    expect_kind(clone.deregister(one), ErrorKind::NotFound);
    assert_eq!(tokens(&selector, Duration::ZERO), []);
    // No other handle: nothing can come.
    drop(clone);
    expect_kind(
        selector.select(&mut Events::with_capacity(1), None),
        ErrorKind::InvalidInput,
    );
    assert_eq!(tokens(&fork, PATIENCE), [1, 2]);
    fork.reregister(one, Token(3), Interest::READABLE)
        .expect("reregister");
    assert_eq!(tokens(&fork, PATIENCE), [2, 3]);
    // A host of WASI 0.2 reports a new stream as ready before any data has arrived.
    for stream in &mut streams {
        assert_eq!(hear(stream, 1), b"x");
        // The host of WASI 0.2 learns that a stream is empty from a read that finds nothing.
        assert!(drain(stream).0.is_empty());
    }
    assert_eq!(tokens(&fork, Duration::ZERO), []);
}

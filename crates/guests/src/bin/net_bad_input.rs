//! Mistakes that a program may make, on every host with sockets: each gives its error, and sources
//! registered before are not affected.

use std::io::ErrorKind::{AlreadyExists, InvalidInput, NotFound};
use std::time::{Duration, Instant};

use wasio::{Interest, Registry, SourceFd, Token};
use wasio_guests::driver::{Driver, PATIENCE, accept_each, drain, expect_kind, say};

const READ: Interest = Interest::READABLE;

fn main() {
    let mut listener = wasio_guests::listener();
    let [mut stream] = accept_each(&mut listener);
    let mut driver = Driver::default();
    let other = Driver::default();
    let (registry, stranger) = (driver.poll.registry(), other.poll.registry());

    // Not registered, registered twice, and registered elsewhere.
    expect_kind(registry.deregister(&mut stream), NotFound);
    expect_kind(registry.reregister(&mut stream, Token(1), READ), NotFound);
    let registered = registry.register(&mut stream, Token(1), READ);
    registered.expect("register");
    expect_kind(
        registry.register(&mut stream, Token(2), READ),
        AlreadyExists,
    );
    expect_kind(
        stranger.register(&mut stream, Token(2), READ),
        AlreadyExists,
    );
    expect_kind(stranger.deregister(&mut stream), NotFound);

    unknown_descriptors(registry);

    // The shortest and the longest timeout, beside a source.
    for _ in 0..20 {
        let start = Instant::now();
        let timeout = Duration::from_nanos(1);
        driver
            .poll
            .poll(&mut driver.events, Some(timeout))
            .expect("poll");
        assert!(start.elapsed() >= timeout);
        assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    }
    say(&stream, "1");
    let start = Instant::now();
    while driver.events.is_empty() {
        let timeout = Some(Duration::MAX);
        driver.poll.poll(&mut driver.events, timeout).expect("poll");
    }
    assert!(start.elapsed() < PATIENCE, "{:?}", start.elapsed());
    let tokens: Vec<_> = driver
        .events
        .iter()
        .map(wasio::event::Event::token)
        .collect();
    assert_eq!(tokens, [Token(1)]);
    while drain(&mut stream).0.is_empty() {
        driver.expect(1);
    }

    // Deregistered twice; after that there is nothing to wait for.
    let registry = driver.poll.registry();
    registry.deregister(&mut stream).expect("deregister");
    expect_kind(registry.deregister(&mut stream), NotFound);
    expect_kind(driver.poll.poll(&mut driver.events, None), InvalidInput);
}

/// Expects any error of the host, and no registration left behind.
fn unknown_descriptors(registry: &Registry) {
    for descriptor in [9_999, i32::MAX, -1] {
        let mut unknown = SourceFd(&descriptor);
        let result = registry.register(&mut unknown, Token(3), READ);
        result.expect_err("it is not open");
        expect_kind(registry.deregister(&mut unknown), NotFound);
        expect_kind(registry.reregister(&mut unknown, Token(3), READ), NotFound);
    }
}

//! Looks up names: the answer is an event, an address needs no look-up, and a name that does not
//! exist gives a clear error. On WASI 0.1 the error names the version that supports look-ups.

use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::time::Duration;

use wasio::Interest;
use wasio::net::{Lookup, lookup};
use wasio_guests::driver::{Driver, expect_kind};

/// Waits for the answer and returns the addresses. `token` is that of the look-up.
fn addresses(driver: &mut Driver, lookup: &Lookup, token: usize) -> io::Result<Vec<IpAddr>> {
    let mut addresses = Vec::new();
    loop {
        match lookup.next_address() {
            Ok(Some(address)) => addresses.push(address),
            Ok(None) => return Ok(addresses),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                assert!(driver.expect(token).is_readable());
            }
            Err(error) => return Err(error),
        }
    }
}

fn main() {
    for bad in ["", "a b", "localhost:80", "[::1]", "a..b", &"a".repeat(300)] {
        expect_kind(lookup(bad), ErrorKind::InvalidInput);
    }
    if cfg!(target_env = "p1") {
        let error = lookup("localhost").expect_err("WASI 0.1 has no such call");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("WASI 0.2"), "{error}");
        return;
    }
    finds();
    finds_before_the_event();
    finds_many();
    stands_for_itself();
    registers();
    does_not_exist();
    expect_kind(lookup("localhost:80"), ErrorKind::InvalidInput);
}

fn finds() {
    let mut driver = Driver::default();
    let mut localhost = lookup("localhost").expect("start");
    driver.register(&mut localhost, 1, Interest::READABLE);
    let found = addresses(&mut driver, &localhost, 1).expect("an answer");
    assert!(!found.is_empty());
    assert!(found.iter().all(IpAddr::is_loopback), "{found:?}");
    // The end is returned every time, and gives no event.
    assert_eq!(localhost.next_address().expect("the end"), None);
    driver.expect_silence();
}

/// An answer that was read before its event was reported gives no event.
fn finds_before_the_event() {
    let mut driver = Driver::default();
    for name in ["localhost", "no-such-host.invalid"] {
        let mut early = lookup(name).expect("start");
        driver.register(&mut early, 1, Interest::READABLE);
        let mut found = 0;
        loop {
            match early.next_address() {
                Ok(Some(_)) => found += 1,
                Ok(None) => break,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(_) => assert_eq!(name, "no-such-host.invalid"),
            }
        }
        assert_eq!(found > 0, name == "localhost");
        driver.expect_silence();
    }
}

/// Several at a time, some of which are dropped before they end.
fn finds_many() {
    const COUNT: usize = 40;
    let mut driver = Driver::with_capacity(COUNT);
    let mut lookups: Vec<_> = (0..COUNT)
        .map(|_| Some(lookup("localhost").expect("start")))
        .collect();
    for (token, lookup) in lookups.iter_mut().enumerate() {
        let lookup = lookup.as_mut().expect("none is gone");
        driver.register(lookup, token, Interest::READABLE);
    }
    for lookup in lookups.iter_mut().step_by(2) {
        *lookup = None;
    }
    let mut left = COUNT / 2;
    while left > 0 {
        for token in driver.next_tokens() {
            let lookup = lookups[token].as_ref().expect("no event of what is gone");
            match lookup.next_address() {
                Ok(address) => assert!(address.is_some_and(|address| address.is_loopback())),
                Err(error) => panic!("{token}: {error}"),
            }
            left -= 1;
        }
    }
    driver.expect_silence();
}

fn stands_for_itself() {
    for text in ["127.0.0.1", "::1", "192.0.2.7"] {
        let mut driver = Driver::default();
        let mut literal = lookup(text).expect("start");
        driver.register(&mut literal, 1, Interest::READABLE);
        assert!(driver.expect(1).is_readable());
        driver.expect_silence();
        let address = text.parse().expect("an address");
        assert_eq!(literal.next_address().expect("the address"), Some(address));
        assert_eq!(literal.next_address().expect("the end"), None);
    }
}

fn registers() {
    let mut driver = Driver::default();
    let mut literal = lookup("127.0.0.1").expect("start");
    let registry = driver.poll.registry();
    expect_kind(registry.deregister(&mut literal), ErrorKind::NotFound);
    expect_kind(
        registry.register(&mut literal, wasio::Token(1), Interest::WRITABLE),
        ErrorKind::InvalidInput,
    );
    driver.register(&mut literal, 1, Interest::READABLE);
    expect_kind(
        driver
            .poll
            .registry()
            .register(&mut literal, wasio::Token(1), Interest::READABLE),
        ErrorKind::AlreadyExists,
    );
    driver.expect(1);
    driver.expect_silence();
    // An answer that has arrived and was not read is reported again.
    let registry = driver.poll.registry();
    let result = registry.reregister(&mut literal, wasio::Token(2), Interest::READABLE);
    result.expect("reregister");
    driver.expect(2);
    let registry = driver.poll.registry();
    registry.deregister(&mut literal).expect("deregister");
    driver.expect_silence();
}

/// `.invalid` is reserved for names that never exist.
fn does_not_exist() {
    let mut driver = Driver::default();
    let mut missing = lookup("no-such-host.invalid").expect("start");
    driver.register(&mut missing, 1, Interest::READABLE);
    let error = addresses(&mut driver, &missing, 1).expect_err("no such name");
    let text = error.to_string();
    assert!(text.contains("\"no-such-host.invalid\""), "{text}");
    #[cfg(target_env = "p2")]
    {
        let code = wasio_guests::driver::host_code(&error);
        assert_eq!(code, Some("name-unresolvable"));
        assert_eq!(error.kind(), ErrorKind::NotFound, "{text}");
    }
    // A machine without a resolver cannot know that the name does not exist.
    #[cfg(not(target_env = "p2"))]
    {
        let is_temporary = text.contains("emporary") || text.contains("ry again");
        let kind = if is_temporary {
            ErrorKind::Other
        } else {
            ErrorKind::NotFound
        };
        assert_eq!(error.kind(), kind, "{text}");
    }
    // The error is returned only once.
    assert_eq!(missing.next_address().expect("the end"), None);
}

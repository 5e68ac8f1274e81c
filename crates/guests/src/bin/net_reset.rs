//! A reset is an event of its connection: readable, writable and an error. The next read returns
//! the error, and the other connections are not affected.

use std::io::{ErrorKind, Read, Write};

use wasio::Token;
use wasio_guests::driver::{BOTH, Driver, accept_each, drain, say};

fn main() {
    let [mut first, mut second, mut third] = accept_each(&mut wasio_guests::listener());
    let mut driver = Driver::default();
    driver.register(&mut first, 1, BOTH);
    driver.register(&mut second, 2, BOTH);
    driver.register(&mut third, 3, BOTH);
    // All are writable. Consume these events first.
    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.extend(driver.next_tokens());
    }
    // On WASI 0.2 wasmtime may report a new stream as readable although it has no data.
    for stream in [&mut first, &mut second, &mut third] {
        assert_eq!(drain(stream), (Vec::new(), false));
        let error = stream.read(&mut [0]).expect_err("still nothing");
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        if cfg!(target_env = "p1") {
            assert_eq!(error.raw_os_error(), Some(6));
        }
    }
    driver.expect_silence();

    say(&first, "1");
    let event = driver.expect(2);
    assert!(event.is_readable(), "{event:?}");
    // A host of WASI 0.2 reports only "ready". The read returns the error.
    if cfg!(not(target_env = "p2")) {
        assert!(event.is_writable() && event.is_error(), "{event:?}");
    }
    let error = second.read(&mut [0]).expect_err("it was reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
    let after = second.write(b"x").expect_err("nobody is there");
    assert_eq!(after.kind(), ErrorKind::BrokenPipe, "{after}");
    // The host's own numbers: `connreset` and `pipe`, and `again` below.
    if cfg!(target_env = "p1") {
        assert_eq!(error.raw_os_error(), Some(15));
        assert_eq!(after.raw_os_error(), Some(64));
    }

    // It remains registered, gives no more events, and does not affect the others.
    for (stream, token) in [(&first, 1), (&third, 3)] {
        say(stream, "2");
        let event = driver.expect(token);
        assert!(
            event.token() == Token(token) && !event.is_error(),
            "{event:?}"
        );
        assert_eq!(driver.receive(stream, 4), b"more");
    }
    drop(second);
    driver.expect_silence();
}

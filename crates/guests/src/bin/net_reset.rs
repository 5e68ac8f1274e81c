//! A reset is an event of its own connection: readable, writable and an error. The
//! next read says what it was, and the others go on.

use std::io::{ErrorKind, Read};

use wasio::Token;
use wasio_guests::driver::{BOTH, Driver, accept_each, drain, expect_kind, say};

fn main() {
    let [mut first, mut second, mut third] = accept_each(&mut wasio_guests::listener());
    let mut driver = Driver::default();
    driver.register(&mut first, 1, BOTH);
    driver.register(&mut second, 2, BOTH);
    driver.register(&mut third, 3, BOTH);
    // All are writable: that is over before it starts.
    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.extend(driver.next_tokens());
    }
    // wasmtime may call a new stream of WASI 0.2 readable in vain.
    for stream in [&mut first, &mut second, &mut third] {
        assert_eq!(drain(stream), (Vec::new(), false));
    }
    driver.expect_silence();

    say(&first, "1");
    let event = driver.expect(2);
    assert!(event.is_readable(), "{event:?}");
    // The host of WASI 0.2 says "ready" and no more: the read tells.
    if cfg!(not(target_env = "p2")) {
        assert!(event.is_writable() && event.is_error(), "{event:?}");
    }
    expect_kind(second.read(&mut [0]), ErrorKind::ConnectionReset);

    // It stays registered, is silent, and does not stop the others.
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

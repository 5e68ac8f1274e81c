//! An edge-triggered source gives one event and then none until it is drained. After that the next
//! bytes give the next event.

use wasio_guests::driver::{BOTH, Driver, SILENCE, accept, drain, say};

fn main() {
    let mut stream = accept(&mut wasio_guests::listener());
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, BOTH);
    // Writable at once, and not reported again until a write has blocked.
    let mut readable = false;
    while !readable {
        readable = driver.expect(1).is_readable();
    }
    driver.expect_silence();
    say(&stream, "1");
    // On WASI 0.1 more bytes give no event either. An operating system may report them.
    if cfg!(target_os = "wasi") {
        driver.expect_silence();
    }
    let mut got = drain(&mut stream).0;
    while got.len() < b"hello world".len() {
        driver.expect(1);
        got.extend(drain(&mut stream).0);
    }
    assert_eq!(got, b"hello world");
    if cfg!(not(target_os = "wasi")) {
        // The last event may be for bytes that were already read.
        let timeout = Some(SILENCE);
        driver.poll.poll(&mut driver.events, timeout).expect("poll");
    }
    driver.expect_silence();
    say(&stream, "2");
    let event = driver.expect(1);
    assert!(event.is_readable() && !event.is_error(), "{event:?}");
    assert_eq!(drain(&mut stream), (b"again".to_vec(), false));
    driver.expect_silence();
}

//! A read that leaves room in its buffer arms the direction. On WASI 0.1 the
//! call that follows is answered without the host, and the one after asks it.

use std::io::{ErrorKind, Read};

use wasio::Interest;
use wasio_guests::driver::{Driver, accept_each, expect_kind, hear, say};

fn main() {
    let [mut stream, mut control] = accept_each(&mut wasio_guests::listener());
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::READABLE);
    driver.expect(1);
    let mut buffer = [0; 16];
    assert_eq!(stream.read(&mut buffer).expect("read"), 3);

    // Armed: what comes now gives an event, though nothing has said WouldBlock.
    say(&control, "1");
    let read = loop {
        driver.expect(1);
        match stream.read(&mut buffer) {
            // wasmtime calls a stream of WASI 0.2 ready until a read has found nothing.
            Err(error) if error.kind() == ErrorKind::WouldBlock && cfg!(target_env = "p2") => {}
            result => break result.expect("read"),
        }
    };
    assert_eq!(&buffer[..read], b"two");

    // Nothing to do is done, even where the answer to the next read is known.
    assert_eq!(stream.read(&mut []).expect("no room"), 0);
    assert_eq!(stream.read_vectored(&mut []).expect("no buffer"), 0);

    // The peer sends on this connection first and then on the other one.
    say(&control, "2");
    assert_eq!(hear(&mut control, 1), b"c");
    if cfg!(target_env = "p1") {
        expect_kind(stream.read(&mut buffer), ErrorKind::WouldBlock);
    }
    assert_eq!(stream.read(&mut buffer).expect("read"), 5);
    assert_eq!(&buffer[..5], b"three");

    // Whoever asks without polling gets the host's answer each other time at least.
    for _ in 0..2 {
        expect_kind(stream.read(&mut buffer), ErrorKind::WouldBlock);
    }
}

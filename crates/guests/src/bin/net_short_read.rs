//! A read that leaves room in its buffer arms the direction. On WASI 0.1 wasio answers the next
//! call without the host, and the call after that asks the host.

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

    // It is armed: the next bytes give an event although no call has returned `WouldBlock`.
    say(&control, "1");
    let read = loop {
        driver.expect(1);
        match stream.read(&mut buffer) {
            // On WASI 0.2 wasmtime reports a stream as ready until a read finds no data.
            Err(error) if error.kind() == ErrorKind::WouldBlock && cfg!(target_env = "p2") => {}
            result => break result.expect("read"),
        }
    };
    assert_eq!(&buffer[..read], b"two");

    // A read into an empty buffer succeeds, even where the next read is known to block.
    assert_eq!(stream.read(&mut []).expect("no room"), 0);
    assert_eq!(stream.read_vectored(&mut []).expect("no buffer"), 0);

    // The peer sends on this connection first, and then on the other one.
    say(&control, "2");
    assert_eq!(hear(&mut control, 1), b"c");
    if cfg!(any(target_env = "p1", wasio_backend = "p3")) {
        expect_kind(stream.read(&mut buffer), ErrorKind::WouldBlock);
    }
    let read = loop {
        match stream.read(&mut buffer) {
            // On WASI 0.3 what came on two connections ends two reads, in any order.
            Err(error) if error.kind() == ErrorKind::WouldBlock && cfg!(wasio_backend = "p3") => {
                driver.expect(1);
            }
            result => break result.expect("read"),
        }
    };
    assert_eq!(&buffer[..read], b"three");

    // A program that reads without polling gets the host's answer at least every second time.
    for _ in 0..2 {
        expect_kind(stream.read(&mut buffer), ErrorKind::WouldBlock);
    }
}

//! Bytes that were peeked at remain, and a peek that found all bytes does not disarm the source.

use std::io::{ErrorKind, Read};

use wasio::Interest;
use wasio_guests::driver::{Driver, accept, expect_kind, say};

fn main() {
    let mut stream = accept(&mut wasio_guests::listener());
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::READABLE);
    driver.expect(1);
    let (mut small, mut large) = ([0; 2], [0; 16]);
    for _ in 0..2 {
        assert_eq!(stream.peek(&mut small).expect("peek"), 2);
        assert_eq!(&small, b"he");
        assert_eq!(stream.peek(&mut large).expect("peek"), 5);
        assert_eq!(&large[..5], b"hello");
    }
    assert_eq!(stream.read(&mut large).expect("read"), 5);
    assert_eq!(&large[..5], b"hello");
    expect_kind(stream.peek(&mut large), ErrorKind::WouldBlock);
    expect_kind(stream.peek(&mut large), ErrorKind::WouldBlock);
    // Without room it is neither the end nor blocked.
    assert_eq!(stream.peek(&mut []).expect("nothing"), 0);

    // A header arrives in two parts. It is peeked at until it is complete.
    say(&stream, "1");
    driver.expect(1);
    assert_eq!(stream.peek(&mut large).expect("peek"), 2);
    say(&stream, "2");
    while stream.peek(&mut large).expect("peek") < 4 {
        driver.expect(1);
    }
    assert_eq!(stream.read(&mut large[..4]).expect("read"), 4);
    assert_eq!(&large[..4], b"abcd");
}

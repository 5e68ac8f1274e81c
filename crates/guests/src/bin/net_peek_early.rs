//! A peek that comes before the event leaves it to come: the bytes are still there.

use std::io::{ErrorKind, Read};
use std::thread;
use std::time::Duration;

use wasio::Interest;
use wasio_guests::driver::{Driver, accept, expect_kind, say};

fn main() {
    let mut stream = accept(&mut wasio_guests::listener());
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::READABLE);
    let mut buffer = [0; 16];
    expect_kind(stream.peek(&mut buffer), ErrorKind::WouldBlock);
    say(&stream, "1");
    // The direction is armed, and there is no poll meanwhile.
    while let Err(error) = stream.peek(&mut buffer) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        thread::sleep(Duration::from_millis(1));
    }
    // It asks the host for more, which has none.
    assert_eq!(stream.peek(&mut buffer).expect("peek"), 5);
    driver.expect(1);
    assert_eq!(stream.read(&mut buffer).expect("read"), 5);
    assert_eq!(&buffer[..5], b"hello");
    expect_kind(stream.read(&mut buffer), ErrorKind::WouldBlock);
    driver.expect_silence();
}

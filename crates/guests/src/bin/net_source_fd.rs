//! A source whose I/O wasio does not see is level-triggered: each poll reports it while it is
//! ready.

use std::os::fd::AsRawFd;

use wasio::net::TcpStream;
use wasio::{Interest, SourceFd, Token};
use wasio_guests::driver::{BOTH, Driver, accept_std, drain, say};

fn main() {
    let [stream] = accept_std();
    let descriptor = stream.as_raw_fd();
    let mut stream = TcpStream::from_std(stream);
    let mut source = SourceFd(&descriptor);
    let mut driver = Driver::default();
    driver.register(&mut source, 1, Interest::READABLE);
    for _ in 0..3 {
        assert!(driver.expect(1).is_readable());
    }
    // Read through the stream, which is not registered itself: the readiness ends all the same. A
    // host of WASI 0.2 reports a new stream as ready before any data has arrived.
    let mut got = drain(&mut stream).0;
    while got.len() < b"hello".len() {
        driver.expect(1);
        got.extend(drain(&mut stream).0);
    }
    assert_eq!(got, b"hello");
    driver.expect_silence();

    let registry = driver.poll.registry();
    let result = registry.reregister(&mut source, Token(2), BOTH);
    result.expect("reregister");
    for _ in 0..3 {
        let event = driver.expect(2);
        assert!(event.is_writable() && !event.is_readable(), "{event:?}");
    }
    say(&stream, "1");
    let mut readable = false;
    while !readable {
        readable = driver.expect(2).is_readable();
    }
    driver
        .poll
        .registry()
        .deregister(&mut source)
        .expect("deregister");
    driver.expect_silence();
}

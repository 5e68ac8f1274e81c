//! One-shot registrations: one event per registration.

use std::os::fd::AsRawFd;

use wasio::net::TcpStream;
use wasio::{Interest, Mode, Token};
use wasio_guests::driver::{BOTH, Driver, accept_std, drain, hear, say};

fn main() {
    let [stream] = accept_std();
    let descriptor = stream.as_raw_fd();
    let mut stream = TcpStream::from_std(stream);
    let mut driver = Driver::default();
    let selector = driver
        .poll
        .registry()
        .selector()
        .try_clone()
        .expect("clone");
    let result = selector.register_with(descriptor, Token(1), BOTH, Mode::Oneshot);
    result.expect("register");
    // Whichever direction it was for, there is no other event.
    driver.expect(1);
    driver.expect_silence();
    selector
        .reregister(descriptor, Token(2), Interest::READABLE)
        .expect("reregister");
    assert!(driver.expect(2).is_readable());
    driver.expect_silence();
    // Draining does not arm it. Reregistering does, for one event. (A host of WASI 0.2 reports a new
    // stream as ready before any data has arrived: hence the wait.)
    assert_eq!(hear(&mut stream, 5), b"hello");
    assert!(drain(&mut stream).0.is_empty());
    say(&stream, "1");
    driver.expect_silence();
    selector
        .reregister(descriptor, Token(3), Interest::READABLE)
        .expect("reregister");
    assert!(driver.expect(3).is_readable());
    driver.expect_silence();
    // From now on it is level-triggered.
    let result = selector.reregister_with(descriptor, Token(4), BOTH, Mode::Level);
    result.expect("reregister");
    for _ in 0..3 {
        driver.expect(4);
    }
    selector.deregister(descriptor).expect("deregister");
    driver.expect_silence();
}

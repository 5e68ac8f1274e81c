//! After `shutdown(Read)` a read returns the end of the stream, and writes still work.

use std::io::Read;
use std::net::Shutdown;

use wasio::Interest;
use wasio_guests::driver::{BOTH, Driver, accept, say};

fn main() {
    let mut listener = wasio_guests::listener();
    let mut stream = accept(&mut listener);
    stream.shutdown(Shutdown::Read).expect("shut down");
    assert_eq!(stream.read(&mut [0]).expect("the end"), 0);
    say(&stream, "not registered");

    // The same for a registered stream: the end is reported as an event.
    let mut stream = accept(&mut listener);
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::READABLE);
    stream.shutdown(Shutdown::Read).expect("shut down");
    let registry = driver.poll.registry();
    let result = registry.reregister(&mut stream, wasio::Token(2), BOTH);
    result.expect("reregister");
    driver.expect(2);
    assert_eq!(stream.read(&mut [0]).expect("the end"), 0);
    say(&stream, "registered");
}

//! What an idle connection costs of the program's memory: its own, and its part of the tables.

use std::io::ErrorKind;

use wasio::Interest;
use wasio_guests::counting::{Counting, live_bytes};
use wasio_guests::driver::Driver;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CONNECTIONS: usize = 1_000;
const MOST_BYTES: usize = 512;

fn main() {
    let mut listener = wasio_guests::listener();
    let mut driver = Driver::default();
    driver.register(&mut listener, 0, Interest::READABLE);
    let mut streams = Vec::with_capacity(CONNECTIONS);
    let before = live_bytes();
    while streams.len() < CONNECTIONS {
        match listener.accept() {
            Ok((mut stream, _)) => {
                driver.register(&mut stream, streams.len() + 1, Interest::READABLE);
                streams.push(stream);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => drop(driver.expect(0)),
            Err(error) => panic!("accept: {error}"),
        }
    }
    driver.expect_silence();
    let bytes = (live_bytes() - before) / CONNECTIONS;
    assert!(bytes <= MOST_BYTES, "{bytes} bytes per connection");
}

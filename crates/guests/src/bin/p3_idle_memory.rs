//! What an idle connection costs of the program's memory: its own, and its part of the tables. That
//! one was busy before changes nothing.

use std::io::{ErrorKind, Read};

use wasio::Interest;
use wasio::net::TcpStream;
use wasio_guests::counting::{Counting, live_bytes};
use wasio_guests::driver::Driver;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const CONNECTIONS: usize = 1_000;
/// With what a small server keeps of it, a connection is to take no more than 512.
const MOST_BYTES: usize = 448;
/// What each peer sends.
const MESSAGE: usize = 20_000 + 128;

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
    let fresh = (live_bytes() - before) / CONNECTIONS;
    assert!(fresh <= MOST_BYTES, "{fresh} bytes per connection");
    println!("idle");
    read_all(&streams, &mut driver);
    driver.expect_silence();
    let idle = (live_bytes() - before) / CONNECTIONS;
    assert!(idle <= MOST_BYTES, "{idle} bytes per connection");
}

/// Reads what the peers send, until each has sent everything.
fn read_all(streams: &[TcpStream], driver: &mut Driver) {
    let mut received = vec![0; streams.len()];
    let mut buffer = [0; 8 * 1024];
    while received.iter().any(|count| *count < MESSAGE) {
        for event in driver.next_events() {
            let index = event.token().0 - 1;
            loop {
                match (&streams[index]).read(&mut buffer) {
                    Ok(count) => received[index] += count,
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("read: {error}"),
                }
            }
        }
    }
}

//! Bytes that the host has accepted but not sent yet. A program that is not registered for writing
//! still sees when there is room again, and a dropped stream still sends them before its end.

use std::io::{ErrorKind, Read};
use std::time::Instant;

use wasio::Interest;
use wasio::net::{TcpListener, TcpStream};
use wasio_guests::driver::{Driver, PATIENCE, accept, fill, local};

fn main() {
    let mut listener = TcpListener::bind(local()).expect("bind");
    let address = listener.local_addr().expect("an address");
    let writer = TcpStream::connect(address).expect("connect");
    let mut reader = accept(&mut listener);
    let mut driver = Driver::default();
    driver.register(&mut reader, 1, Interest::READABLE);

    let mut sent = fill(&writer);
    let mut received = 0;
    for _ in 0..3 {
        // `writer` is not registered. Its writes find the room that this read makes.
        received += take(&mut driver, &mut reader, sent - received);
        let start = Instant::now();
        let more = loop {
            match fill(&writer) {
                0 => assert!(start.elapsed() < PATIENCE, "there is never room again"),
                more => break more,
            }
        };
        sent += more;
    }
    drop(writer);
    received += take(&mut driver, &mut reader, sent - received);
    assert_eq!(received, sent);
    loop {
        match reader.read(&mut [0]) {
            Ok(0) => break,
            Ok(_) => panic!("more than was sent"),
            Err(error) if error.kind() == ErrorKind::WouldBlock => driver.expect(1),
            Err(error) => panic!("read: {error}"),
        };
    }
    println!("{sent} bytes");
}

/// Reads `len` bytes.
fn take(driver: &mut Driver, stream: &mut TcpStream, len: usize) -> usize {
    assert!(driver.receive(stream, len).iter().all(|byte| *byte == 7));
    len
}

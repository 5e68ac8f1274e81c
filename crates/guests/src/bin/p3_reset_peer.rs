//! A connection that its peer has reset still has the address of that peer: a program that asks for
//! it, to see whether a connect has succeeded, must not take it for one that is pending. Its argument
//! is the address of the peer, which resets once it has read something.

use std::io::{ErrorKind, Read};
use std::net::SocketAddr;

use wasio::net::TcpStream;
use wasio_guests::driver::{BOTH, Driver, say};

fn main() {
    let address = std::env::args().nth(1).expect("an address");
    let address: SocketAddr = address.parse().expect("an address");
    let mut stream = TcpStream::connect(address).expect("start to connect");
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, BOTH);
    assert!(driver.expect(1).is_writable());
    say(&stream, "a");
    let error = loop {
        match stream.read(&mut [0]) {
            Ok(count) => panic!("{count} bytes"),
            Err(error) if error.kind() == ErrorKind::WouldBlock => drop(driver.expect(1)),
            Err(error) => break error,
        }
    };
    assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
    assert_eq!(stream.peer_addr().expect("an address"), address);
}

//! A refused connection gives an event, and once the error with the host's code.

use std::io::{ErrorKind, Read};

use wasio::Interest;
use wasio::net::{TcpListener, TcpStream};
use wasio_guests::driver::{Driver, expect_kind, host_code, local};

fn main() {
    let listener = TcpListener::bind(local()).expect("bind");
    let address = listener.local_addr().expect("an address");
    let mut taken = TcpStream::connect(address).expect("start to connect");
    let mut driver = Driver::default();
    driver.register(&mut taken, 1, Interest::WRITABLE);
    assert!(driver.expect(1).is_writable());
    driver.deregister(&mut taken);
    // Nothing listens there, and no other program gets the port of a connection.
    let address = taken.local_addr().expect("an address");
    let mut stream = TcpStream::connect(address).expect("start to connect");
    driver.register(&mut stream, 1, Interest::WRITABLE);
    assert!(driver.expect(1).is_writable());
    expect_kind(stream.peer_addr(), ErrorKind::NotConnected);
    let error = stream.take_error().expect("ask").expect("an error");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}");
    assert_eq!(host_code(&error), Some("connection-refused"));
    assert_eq!(error.to_string(), "connection refused");
    assert!(stream.take_error().expect("ask").is_none());
    expect_kind(stream.read(&mut [0]), ErrorKind::NotConnected);
}

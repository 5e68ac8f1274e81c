//! Connecting to an unreachable peer gives an event, and the error with the host's code.

use std::io::ErrorKind;

use wasio::Interest;
use wasio::net::TcpStream;
use wasio_guests::driver::{Driver, host_code};

fn main() {
    // The broadcast address of the loopback network, which TCP cannot reach.
    let address = "127.255.255.255:9".parse().expect("an address");
    let mut stream = TcpStream::connect(address).expect("start to connect");
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::WRITABLE);
    driver.expect(1);
    let error = stream.take_error().expect("ask").expect("an error");
    assert_eq!(error.kind(), ErrorKind::HostUnreachable, "{error}");
    assert_eq!(host_code(&error), Some("remote-unreachable"));
}

//! Connecting to an address that does not answer ends with the host's error. The argument is such
//! an address.

use std::io::ErrorKind;

use wasio::Interest;
use wasio::net::TcpStream;
use wasio_guests::driver::{Driver, host_code};

fn main() {
    let address = std::env::args().nth(1).expect("an address");
    let address = address.parse().expect("an address");
    let mut stream = TcpStream::connect(address).expect("start to connect");
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::WRITABLE);
    driver.expect_silence();
    driver.expect(1);
    let error = stream.take_error().expect("ask").expect("an error");
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    assert_eq!(host_code(&error), Some("timeout"));
    println!("{error}");
}

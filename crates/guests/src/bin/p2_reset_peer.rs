//! A connection that its peer has reset still has the address of that peer: a program that asks for
//! it, to see whether a connect has succeeded, must not take it for one that is pending.

use std::io::{ErrorKind, Read};

use wasio::Interest;
use wasio::net::{TcpListener, TcpStream};
use wasio_guests::driver::{BOTH, Driver, accept, hear_some, local, say};

fn main() {
    let mut listener = TcpListener::bind(local()).expect("bind");
    let address = listener.local_addr().expect("an address");
    let mut stream = TcpStream::connect(address).expect("start to connect");
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::WRITABLE);
    assert!(driver.expect(1).is_writable());
    let mut accepted = accept(&mut listener);
    say(&stream, "ab");
    // To drop a connection with bytes that were not read is to reset it.
    hear_some(&mut accepted);
    driver.deregister(&mut stream);
    driver.register(&mut stream, 1, BOTH);
    drop(accepted);
    while !driver.expect(1).is_readable() {}
    let error = stream.read(&mut [0]).expect_err("it was reset");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{error}");
    assert_eq!(
        stream.take_error().expect("ask").map(|error| error.kind()),
        None
    );
    assert_eq!(stream.peer_addr().expect("an address"), address);
}

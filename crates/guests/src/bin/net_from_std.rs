//! A listener of the standard library becomes a source, and a stream goes there and
//! back.

use std::io::{Read, Write};

use wasio::Interest;
use wasio::net::{TcpListener, TcpStream};
use wasio_guests::driver::{Driver, accept, drain};

fn main() {
    let listener = wasio_guests::std_listener(0);
    listener.set_nonblocking(true).expect("non-blocking");
    let mut listener = TcpListener::from_std(listener);
    let mut stream = accept(&mut listener);
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::READABLE);

    // Leaving deregisters it.
    let mut plain: std::net::TcpStream = stream.into();
    driver.expect_silence();
    plain.set_nonblocking(false).expect("blocking");
    plain.write_all(b"1").expect("write");
    let mut byte = [0];
    plain.read_exact(&mut byte).expect("read");
    assert_eq!(&byte, b"a");

    plain.set_nonblocking(true).expect("non-blocking");
    let mut stream = TcpStream::from_std(plain);
    driver.register(&mut stream, 2, Interest::READABLE);
    driver.expect(2);
    assert_eq!(drain(&mut stream).0, b"b");
    let _listener: std::net::TcpListener = listener.into();
}

//! A listener of the standard library becomes a source. A stream is converted there and back.

#[cfg(not(target_env = "p2"))]
use std::io::Read;
use std::io::Write;

use wasio::Interest;
use wasio::net::{TcpListener, TcpStream};
#[cfg(not(target_env = "p2"))]
use wasio_guests::driver::drain;
use wasio_guests::driver::{Driver, accept};

fn main() {
    let listener = wasio_guests::std_listener(0);
    listener.set_nonblocking(true).expect("non-blocking");
    let mut listener = TcpListener::from_std(listener);
    let mut stream = accept(&mut listener);
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::READABLE);
    go_there_and_back(stream, &mut driver);
    #[cfg(not(target_env = "p2"))]
    let _listener: std::net::TcpListener = listener.into();
}

/// Not on WASI 0.2, where a stream may be a resource of the host, without a descriptor.
#[cfg(target_env = "p2")]
fn go_there_and_back(mut stream: TcpStream, driver: &mut Driver) {
    stream.write_all(b"1").expect("write");
    assert_eq!(driver.receive(&stream, 2), b"ab");
    driver
        .poll
        .registry()
        .deregister(&mut stream)
        .expect("deregister");
    driver.expect_silence();
}

#[cfg(not(target_env = "p2"))]
fn go_there_and_back(stream: TcpStream, driver: &mut Driver) {
    // The conversion deregisters it.
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
}

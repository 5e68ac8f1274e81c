//! A listener of the standard library becomes a source. A stream is converted there and back.

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
    assert!(stream.as_std().is_some());

    // Leaving deregisters it.
    let mut plain = stream.into_std().expect("made of the standard library's");
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
    // On WASI 0.3 it is of 0.2, where a short read proves nothing, and a read must find nothing.
    driver.expect_silence();
    listener.into_std().expect("made of the standard library's");
    #[cfg(target_env = "p2")]
    the_hosts_own_have_no_descriptor();
}

#[cfg(target_env = "p2")]
fn the_hosts_own_have_no_descriptor() {
    use wasio_guests::driver::local;

    let listener = TcpListener::bind(local()).expect("bind");
    assert!(listener.as_std().is_none());
    let error = listener.into_std().expect_err("no descriptor");
    assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
    assert!(error.to_string().contains("from_std"), "{error}");
}

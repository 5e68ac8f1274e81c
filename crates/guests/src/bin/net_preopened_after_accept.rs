//! A connection is not taken for a listener that the host handed in, though it has the number of
//! the next one.

use std::io::Write;

use wasio::net::TcpListener;
use wasio_guests::driver::{accept, hear};

const CONNECTIONS: usize = 3;

fn main() {
    let mut listener = wasio_guests::listener();
    expect_none();
    let mut streams = Vec::new();
    for _ in 0..CONNECTIONS {
        streams.push(accept(&mut listener));
        expect_none();
    }
    // A number that was given back is used again.
    drop(streams.remove(0));
    streams.push(accept(&mut listener));
    expect_none();
    // Each is still the connection that it was.
    for stream in &mut streams {
        stream.write_all(b"x").expect("write");
        assert_eq!(hear(stream, 1), b"y");
    }
}

fn expect_none() {
    let preopened = TcpListener::preopened().expect("ask the host");
    assert!(preopened.is_none(), "{preopened:?}");
}

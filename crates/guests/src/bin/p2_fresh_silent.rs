//! A connect that succeeds is an event for writing alone: the stream is not readable until its peer
//! has written, also if the program asks for nothing in between.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use wasio::net::{TcpListener, TcpStream};
use wasio_guests::driver::{BOTH, Driver, PATIENCE, SILENCE, accept, drain, local, say};

const CONNECTIONS: usize = 50;

fn main() {
    let mut listener = TcpListener::bind(local()).expect("bind");
    let address = listener.local_addr().expect("an address");
    let mut driver = Driver::default();
    let (mut streams, mut peers) = (Vec::new(), Vec::new());
    for token in 0..CONNECTIONS {
        let (stream, peer) = connect(&mut driver, &mut listener, address, token);
        streams.push(stream);
        peers.push(peer);
    }
    silent_until_written(&mut driver, &streams);
    for (token, (stream, peer)) in streams.iter_mut().zip(&peers).enumerate() {
        say(peer, "first");
        assert!(driver.expect(token).is_readable());
        assert_eq!(drain(stream), (b"first".to_vec(), false));
    }
    driver.expect_silence();
}

fn connect(
    driver: &mut Driver,
    listener: &mut TcpListener,
    address: SocketAddr,
    token: usize,
) -> (TcpStream, TcpStream) {
    let mut stream = TcpStream::connect(address).expect("start to connect");
    driver.register(&mut stream, token, BOTH);
    (stream, accept(listener))
}

/// Each connection becomes writable. Every second one is then asked for its error.
fn silent_until_written(driver: &mut Driver, streams: &[TcpStream]) {
    let mut are_writable = [false; CONNECTIONS];
    let start = Instant::now();
    let mut end = start + PATIENCE;
    let mut left = PATIENCE;
    while left > Duration::ZERO {
        let result = driver.poll.poll(&mut driver.events, Some(left));
        result.expect("poll");
        for event in &driver.events {
            assert!(!event.is_readable(), "nobody has written: {event:#?}");
            let token = event.token().0;
            are_writable[token] = true;
            if token % 2 == 0 {
                assert!(streams[token].take_error().expect("ask").is_none());
            }
        }
        if are_writable == [true; CONNECTIONS] {
            end = end.min(Instant::now() + SILENCE);
        }
        left = end.saturating_duration_since(Instant::now());
    }
    assert!(start.elapsed() < PATIENCE, "{are_writable:?}");
}

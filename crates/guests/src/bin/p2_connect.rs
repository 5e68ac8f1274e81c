//! Connecting does not block: the stream is writable when the attempt is over, and `take_error`
//! returns the result.

use std::net::SocketAddr;

use wasio::Interest;
use wasio::net::{TcpListener, TcpStream};
use wasio_guests::driver::{BOTH, Driver, accept, drain, say};

fn any(address: &str) -> SocketAddr {
    address.parse().expect("an address")
}

fn main() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        connects(any(address));
    }
    for _ in 0..50 {
        answers_before_it_is_read(any("127.0.0.1:0"));
    }
}

/// Returns a registered stream that is connecting to a listener.
fn start(address: SocketAddr) -> (TcpListener, TcpStream, Driver) {
    let listener = TcpListener::bind(address).expect("bind");
    let address = listener.local_addr().expect("an address");
    let mut stream = TcpStream::connect(address).expect("start to connect");
    let driver = Driver::default();
    driver.register(&mut stream, 1, BOTH);
    (listener, stream, driver)
}

fn connects(address: SocketAddr) {
    let (mut listener, mut stream, mut driver) = start(address);
    let mut accepted = accept(&mut listener);
    while !driver.expect(1).is_writable() {}
    assert!(stream.take_error().expect("ask").is_none());
    let theirs = listener.local_addr().expect("an address");
    assert_eq!(stream.peer_addr().expect("a peer"), theirs);
    let ours = stream.local_addr().expect("an address");
    assert_eq!(accepted.peer_addr().expect("a peer"), ours);
    // The pollables of the connection have replaced that of the attempt.
    drain(&mut stream);
    say(&accepted, "hello");
    assert_eq!(driver.receive(&stream, 5), b"hello");
    say(&stream, "back");
    drop(stream);
    let mut driver = Driver::default();
    driver.register(&mut accepted, 2, Interest::READABLE);
    assert_eq!(driver.receive(&accepted, 4), b"back");
    let mut end = drain(&mut accepted).1;
    while !end {
        driver.expect(2);
        end = drain(&mut accepted).1;
    }
}

/// The event for the end of the attempt does not cover data. Data that arrives later gives another
/// event, even if the program has not read in between.
fn answers_before_it_is_read(address: SocketAddr) {
    let (mut listener, mut stream, mut driver) = start(address);
    while !driver.expect(1).is_writable() {}
    assert!(stream.take_error().expect("ask").is_none());
    say(&stream, "ask");
    let accepted = accept(&mut listener);
    say(&accepted, "answer");
    let mut answer = Vec::new();
    while answer.len() < 6 {
        driver.expect(1);
        answer.extend(drain(&mut stream).0);
    }
    assert_eq!(answer, b"answer");
}

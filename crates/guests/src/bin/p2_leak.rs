//! Connects and closes as often as its argument says, in every way there is, and exits without
//! dropping what is left: the test counts what the host still keeps.

use std::io::ErrorKind;
use std::time::Instant;

use wasio::net::{Lookup, TcpListener, TcpStream, UdpSocket, lookup};
use wasio::{Interest, Poll, Token};
use wasio_guests::driver::{BOTH, Driver, PATIENCE, drain, say};

/// So many connections, one datagram socket and one look-up.
const OTHERS_EVERY: usize = 10;

fn main() {
    let count = std::env::args().nth(1);
    let count: usize = count.map_or(1, |count| count.parse().expect("a number"));
    let local = "127.0.0.1:0".parse().expect("an address");
    let mut listener = TcpListener::bind(local).expect("bind");
    let address = listener.local_addr().expect("an address");
    let mut driver = Driver::default();
    driver.register(&mut listener, 0, Interest::READABLE);
    for turn in 0..count {
        let mut stream = TcpStream::connect(address).expect("connect");
        let is_registered = turn % 2 == 0;
        if is_registered {
            driver.register(&mut stream, 1, BOTH);
        }
        let mut accepted = next(&listener, &mut driver);
        if is_registered {
            driver.register(&mut accepted, 2, Interest::READABLE);
        }
        match turn % 4 {
            // Closed at once, by either side first.
            0 => drop(stream),
            1 => drop(accepted),
            2 => {
                say(&accepted, "hello");
                assert_eq!(driver.receive(&stream, 5), b"hello");
                drop(stream);
            }
            _ => {
                drop(accepted);
                wait_for_end(&mut stream);
            }
        }
        if turn % OTHERS_EVERY == 0 {
            others(&mut driver);
        }
    }
    std::process::exit(0);
}

/// The next connection. Events of streams that are open are nothing to this.
fn next(listener: &TcpListener, driver: &mut Driver) -> TcpStream {
    loop {
        match listener.accept() {
            Ok((stream, _)) => return stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                driver.next_events();
            }
            Err(error) => panic!("accept: {error}"),
        }
    }
}

fn wait_for_end(stream: &mut TcpStream) {
    let mut driver = Driver::with_capacity(1);
    driver.register(stream, 0, Interest::READABLE);
    while !drain(stream).1 {
        driver.expect(0);
    }
}

fn others(driver: &mut Driver) {
    let local = "127.0.0.1:0".parse().expect("an address");
    let mut socket = UdpSocket::bind(local).expect("bind");
    driver.register(&mut socket, 3, BOTH);
    let mut name = lookup("localhost").expect("start");
    driver.register(&mut name, 4, Interest::READABLE);
    // One that is given up, and one whose answer is taken.
    drop(lookup("localhost").expect("start"));
    let mut poll = Poll::new().expect("a poll");
    wait_for_name(&name, &mut poll);
}

fn wait_for_name(name: &Lookup, poll: &mut Poll) {
    let mut literal = lookup("::1").expect("start");
    let registry = poll.registry();
    registry
        .register(&mut literal, Token(0), Interest::READABLE)
        .expect("register");
    let start = Instant::now();
    while let Err(error) = name.next_address() {
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        assert!(start.elapsed() < PATIENCE, "no answer");
    }
}

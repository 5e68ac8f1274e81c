//! Connects and closes as often as its argument says, in every possible way. It exits without
//! dropping the rest, and the test counts the resources that the host still keeps.

use std::io::{ErrorKind, Read};
use std::time::{Duration, Instant};

use wasio::net::{Lookup, TcpListener, TcpStream, UdpSocket, lookup};
use wasio::{Interest, Poll, Pollable, Token};
use wasio_guests::driver::{BOTH, Driver, PATIENCE, accept, drain, expect_kind, fill, local, say};
use wasip2::clocks::monotonic_clock;

/// Makes that many connections, and one of everything else, including failures with megabytes in
/// flight.
const OTHERS_EVERY: usize = 10;
const FAILURES_EVERY: usize = 100;

fn main() {
    let count = std::env::args().nth(1);
    let count: usize = count.map_or(1, |count| count.parse().expect("a number"));
    let mut listener = TcpListener::bind(local()).expect("bind");
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
                if !is_registered {
                    driver.register(&mut stream, 1, Interest::READABLE);
                }
                wait_for_end(&mut stream, &mut driver);
            }
        }
        if turn % OTHERS_EVERY == 0 {
            datagrams(&mut driver);
            names(&mut driver);
            pollables(&driver);
        }
        if turn % FAILURES_EVERY == 0 {
            failures(&mut driver);
        }
    }
    std::process::exit(0);
}

/// Waits for the next connection, and ignores events of open streams.
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

/// Waits for the end of a registered stream.
fn wait_for_end(stream: &mut TcpStream, driver: &mut Driver) {
    while !drain(stream).1 {
        driver.next_events();
    }
}

/// UDP sockets that are connected twice and peeked at.
fn datagrams(driver: &mut Driver) {
    let mut socket = UdpSocket::bind(local()).expect("bind");
    driver.register(&mut socket, 3, BOTH);
    let address = socket.local_addr().expect("an address");
    for _ in 0..2 {
        socket.connect(address).expect("connect");
    }
    socket.send(b"to itself").expect("send");
    let start = Instant::now();
    while let Err(error) = socket.peek(&mut [0; 16]) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        assert!(start.elapsed() < PATIENCE, "no datagram");
        driver.next_events();
    }
}

/// Look-ups that are dropped before they end, and one whose answer is read.
fn names(driver: &mut Driver) {
    let mut name = lookup("localhost").expect("start");
    driver.register(&mut name, 4, Interest::READABLE);
    drop(lookup("localhost").expect("start"));
    let mut poll = Poll::new().expect("a poll");
    wait_for_name(&name, &mut poll);
}

/// Connections that are refused, reset by the peer, or dropped before all bytes were sent.
fn failures(driver: &mut Driver) {
    let mut listener = TcpListener::bind(local()).expect("bind");
    let address = listener.local_addr().expect("an address");
    let mut reader = TcpStream::connect(address).expect("connect");
    let full = accept(&mut listener);
    let sent = fill(&full);
    drop(full);
    driver.register(&mut reader, 8, Interest::READABLE);
    driver.receive(&reader, sent);
    wait_for_end(&mut reader, driver);

    let mut peer = TcpStream::connect(address).expect("connect");
    let mut reset = accept(&mut listener);
    wait_for_connection(&mut peer);
    // The bytes have arrived when the peer closes without reading them, which causes the reset.
    // (wasmtime 48 reads in the background, so there is no reset there.)
    say(&reset, "not read");
    drop(peer);
    driver.register(&mut reset, 5, Interest::READABLE);
    fails(driver, &mut reset);

    drop(listener);
    let mut refused = TcpStream::connect(address).expect("connect");
    driver.register(&mut refused, 6, BOTH);
    fails(driver, &mut refused);
}

/// Waits until the stream is connected.
fn wait_for_connection(stream: &mut TcpStream) {
    let mut driver = Driver::with_capacity(1);
    driver.register(stream, 0, BOTH);
    driver.expect(0);
    expect_kind(stream.read(&mut [0]), ErrorKind::WouldBlock);
    driver.deregister(stream);
}

/// Waits for the error of a connection, or for its end.
fn fails(driver: &mut Driver, stream: &mut TcpStream) {
    loop {
        match stream.read(&mut [0; 16]) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => driver.next_events(),
            Err(_) | Ok(0) => return,
            Ok(len) => panic!("{len} bytes"),
        };
    }
}

/// A pollable of the host that was not created by wasio.
fn pollables(driver: &Driver) {
    let clock = monotonic_clock::subscribe_instant(u64::MAX);
    let mut source = Pollable::new(clock.handle());
    driver.register(&mut source, 7, Interest::READABLE);
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
        // A host whose calls share tokio's budget has no news before a wait.
        std::thread::sleep(Duration::from_millis(1));
    }
}

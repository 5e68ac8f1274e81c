//! Drops sources of every kind while each of their operations is in flight, registered and not: the
//! host traps if one goes too early, and keeps what is forgotten. It exits without dropping the rest, and
//! the test counts the resources that the host still keeps.

use std::io::{ErrorKind, Write};

use wasio::net::{TcpListener, TcpStream, UdpSocket, lookup};
use wasio::{Interest, Poll, Token, event};
use wasio_guests::driver::{BOTH, Driver, local};

/// In how many ways a source is registered before it is dropped.
const WAYS: usize = 4;

fn main() {
    let rounds = std::env::args().nth(1);
    let rounds: usize = rounds.map_or(1, |count| count.parse().expect("a number"));
    let mut driver = Driver::default();
    let mut kept = TcpListener::bind(local()).expect("bind");
    driver.register(&mut kept, 0, Interest::READABLE);
    for round in 0..rounds {
        for way in 0..WAYS {
            listener(&driver, way);
            connect(&driver, &kept, way);
            streams(&mut driver, &kept, way, round % 2 == 0);
            datagrams(&driver, way);
            name(&driver, way);
        }
    }
    println!("{} drops", rounds * WAYS * 6);
    std::process::exit(0);
}

/// Registers a source, and perhaps changes or ends that again.
fn prepare(poll: &Poll, source: &mut impl event::Source, interests: Interest, way: usize) {
    let registry = poll.registry();
    if way > 0 {
        registry
            .register(source, Token(9), interests)
            .expect("register");
    }
    match way {
        2 => registry
            .reregister(source, Token(9), interests)
            .expect("reregister"),
        3 => registry.deregister(source).expect("deregister"),
        _ => {}
    }
}

/// An accept is in flight.
fn listener(driver: &Driver, way: usize) {
    let mut listener = TcpListener::bind(local()).expect("bind");
    prepare(&driver.poll, &mut listener, Interest::READABLE, way);
    let error = listener.accept().expect_err("nobody connects");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
}

/// A connect is in flight, or was.
fn connect(driver: &Driver, listener: &TcpListener, way: usize) {
    let address = listener.local_addr().expect("an address");
    let mut stream = TcpStream::connect(address).expect("connect");
    prepare(&driver.poll, &mut stream, BOTH, way);
}

/// A read is in flight, and a write of more than the other side takes.
fn streams(driver: &mut Driver, listener: &TcpListener, way: usize, reader_first: bool) {
    let address = listener.local_addr().expect("an address");
    let mut stream = TcpStream::connect(address).expect("connect");
    let port = loop {
        match stream.peer_addr() {
            Ok(_) => break stream.local_addr().expect("an address").port(),
            Err(error) if error.kind() == ErrorKind::NotConnected => driver.turn(),
            Err(error) => panic!("connect: {error}"),
        }
    };
    let mut accepted = accept_from(driver, listener, port);
    prepare(&driver.poll, &mut accepted, BOTH, way);
    prepare(&driver.poll, &mut stream, BOTH, (way + 1) % WAYS);
    let bytes = vec![7; 64 * 1024];
    while stream.write(&bytes).is_ok() {}
    if reader_first {
        drop(accepted);
        drop(stream);
    } else {
        drop(stream);
        drop(accepted);
    }
}

/// The connection from a port. Those that were dropped before may come first.
fn accept_from(driver: &mut Driver, listener: &TcpListener, port: u16) -> TcpStream {
    loop {
        match listener.accept() {
            Ok((stream, peer)) if peer.port() == port => return stream,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => driver.turn(),
            Err(error) => panic!("accept: {error}"),
        }
    }
}

/// A receive is in flight, and perhaps a send.
fn datagrams(driver: &Driver, way: usize) {
    let mut socket = UdpSocket::bind(local()).expect("bind");
    prepare(&driver.poll, &mut socket, BOTH, way);
    let mut buffer = [0; 8];
    let error = socket.recv_from(&mut buffer).expect_err("nothing is sent");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    let address = socket.local_addr().expect("an address");
    socket.send_to(b"to itself", address).expect("send");
}

/// A look-up is in flight.
fn name(driver: &Driver, way: usize) {
    let mut name = lookup("localhost").expect("start");
    prepare(&driver.poll, &mut name, Interest::READABLE, way);
}

//! Datagrams: unconnected, connected, peeked at and received.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use wasio::net::UdpSocket;
use wasio::{Interest, Token};
use wasio_guests::driver::{Driver, expect_kind};

fn main() {
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let address = address.parse().expect("an address");
        let mut one = UdpSocket::bind(address).expect("bind");
        let mut two = UdpSocket::bind(address).expect("bind");
        let (at_one, at_two) = (
            one.local_addr().expect("an address"),
            two.local_addr().expect("an address"),
        );
        let mut buffer = [0; 64];
        let mut driver = Driver::default();
        driver.register(&mut one, 1, Interest::READABLE);
        // A peek finds no datagram, and arms the direction.
        expect_kind(one.recv_from(&mut buffer), ErrorKind::WouldBlock);
        expect_kind(one.recv(&mut buffer), ErrorKind::WouldBlock);
        expect_kind(two.send(b"to nobody"), ErrorKind::NotConnected);

        assert_eq!(two.send_to(b"hello", at_one).expect("send"), 5);
        assert_eq!(two.send_to(b"again", at_one).expect("send"), 5);
        let received = receive_two(&mut driver, &one, at_two);
        assert_eq!(received, [b"hello", b"again"]);
        stays_ready_after_a_peek(&mut driver, &mut one, &two);

        // Connecting while it is registered replaces the host's streams; the source remains
        // registered.
        peek_one(&mut driver, &one, &two, at_one);
        one.connect(at_two).expect("connect");
        assert_eq!(one.peer_addr().expect("a peer"), at_two);
        // It is of the new peer.
        assert_eq!(one.recv(&mut buffer).expect("receive"), 6);
        assert_eq!(&buffer[..6], b"before");
        expect_kind(one.recv(&mut buffer), ErrorKind::WouldBlock);
        two.send_to(b"more", at_one).expect("send");
        loop {
            driver.expect(1);
            match one.recv(&mut buffer) {
                Ok(len) => break assert_eq!(&buffer[..len], b"more"),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => panic!("receive: {error}"),
            }
        }
        one.send(b"back").expect("send");
        expect_kind(one.send_to(b"", at_two), ErrorKind::InvalidInput);
        assert_eq!(receive(&mut two, &mut buffer), 4);
        assert_eq!(&buffer[..4], b"back");
        expect_kind(one.set_broadcast(true), ErrorKind::Unsupported);
        one.set_ttl(9).expect("set");
        assert_eq!(one.ttl().expect("ask"), 9);
    }
}

/// Receives two datagrams of one sender, and peeks at them first.
fn receive_two(driver: &mut Driver, socket: &UdpSocket, sender: SocketAddr) -> Vec<Vec<u8>> {
    let mut buffer = [0; 64];
    let mut received = Vec::new();
    while received.len() < 2 {
        driver.expect(1);
        match socket.peek_from(&mut buffer) {
            Ok((len, from)) => assert_eq!((len, from), (5, sender)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(error) => panic!("peek: {error}"),
        }
        loop {
            match socket.recv_from(&mut buffer) {
                Ok((len, from)) => {
                    assert_eq!(from, sender);
                    received.push(buffer[..len].to_vec());
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("receive: {error}"),
            }
        }
    }
    received
}

/// Peeks at a datagram that was sent before the socket is connected.
fn peek_one(driver: &mut Driver, one: &UdpSocket, two: &UdpSocket, at_one: SocketAddr) {
    let mut buffer = [0; 64];
    two.send_to(b"before", at_one).expect("send");
    while let Err(error) = one.peek_from(&mut buffer) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        driver.expect(1);
    }
}

/// Receives a datagram whose sender nobody asks for.
fn receive(socket: &mut UdpSocket, buffer: &mut [u8]) -> usize {
    let mut driver = Driver::default();
    driver.register(socket, 1, Interest::READABLE);
    loop {
        match socket.recv(buffer) {
            Ok(len) => return len,
            Err(error) if error.kind() == ErrorKind::WouldBlock => driver.expect(1),
            Err(error) => panic!("receive: {error}"),
        };
    }
}

/// A datagram that was peeked at is still there, so it is reported if it was not yet, and by
/// reregistering.
fn stays_ready_after_a_peek(driver: &mut Driver, one: &mut UdpSocket, two: &UdpSocket) {
    let mut buffer = [0; 64];
    let at_one = one.local_addr().expect("an address");
    two.send_to(b"third", at_one).expect("send");
    // The direction is armed, and there is no poll meanwhile.
    while let Err(error) = one.peek_from(&mut buffer) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        thread::sleep(Duration::from_millis(1));
    }
    driver.expect(1);
    let registry = driver.poll.registry();
    let result = registry.reregister(one, Token(1), Interest::READABLE);
    result.expect("reregister");
    driver.expect(1);
    assert_eq!(one.recv_from(&mut buffer).expect("receive").0, 5);
    assert_eq!(&buffer[..5], b"third");
    // Once it is received, there is no event until the next one.
    expect_kind(one.recv_from(&mut buffer), ErrorKind::WouldBlock);
    driver.expect_silence();
}

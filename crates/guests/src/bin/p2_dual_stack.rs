//! Connecting or sending to a wildcard address reaches this machine, and an IPv4 address written as
//! an IPv6 one is that IPv4 address. A socket of one family takes and reaches nothing of the other.

use std::io::ErrorKind;
use std::net::SocketAddr;

use wasio::Interest;
use wasio::net::{TcpListener, TcpStream, UdpSocket};
use wasio_guests::driver::{BOTH, Driver, accept, expect_kind};

/// Where something is bound, how others write that, and which address it is.
const CASES: [(&str, &str, &str); 6] = [
    ("127.0.0.1", "0.0.0.0", "127.0.0.1"),
    ("::1", "::", "::1"),
    ("127.0.0.1", "::ffff:127.0.0.1", "127.0.0.1"),
    ("127.0.0.1", "::ffff:0.0.0.0", "127.0.0.1"),
    ("0.0.0.0", "::ffff:127.0.0.1", "127.0.0.1"),
    ("::ffff:127.0.0.1", "127.0.0.1", "127.0.0.1"),
];

fn main() {
    for (bound, written, reached) in CASES {
        connects(at(bound, 0), written, reached);
        for make in [UdpSocket::bind, of_std] {
            sends(make, at(bound, 0), written, reached);
        }
    }
    takes_no_ipv4();
    sends_no_ipv4();
}

fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().expect("an address"), port)
}

fn of_std(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let socket = std::net::UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    Ok(UdpSocket::from_std(socket))
}

fn connects(address: SocketAddr, written: &str, reached: &str) {
    let mut listener = TcpListener::bind(address).expect("bind");
    let port = listener.local_addr().expect("an address").port();
    let mut stream = TcpStream::connect(at(written, port)).expect("start to connect");
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, BOTH);
    accept(&mut listener);
    while !driver.expect(1).is_writable() {}
    assert!(stream.take_error().expect("ask").is_none());
    assert_eq!(stream.peer_addr().expect("a peer"), at(reached, port));
}

fn sends(
    make: fn(SocketAddr) -> std::io::Result<UdpSocket>,
    address: SocketAddr,
    written: &str,
    reached: &str,
) {
    let mut receiver = UdpSocket::bind(address).expect("bind");
    let port = receiver.local_addr().expect("an address").port();
    let sender = make(at(reached, 0)).expect("bind");
    let from = sender.local_addr().expect("an address");
    let mut driver = Driver::default();
    driver.register(&mut receiver, 1, Interest::READABLE);
    let mut receive = || {
        let mut buffer = [0; 8];
        loop {
            match receiver.recv_from(&mut buffer) {
                Ok(received) => break received,
                Err(error) if error.kind() == ErrorKind::WouldBlock => driver.expect(1),
                Err(error) => panic!("receive: {error}"),
            };
        }
    };
    sent(|| sender.send_to(b"to", at(written, port)));
    assert_eq!(receive(), (2, from));
    sender.connect(at(written, port)).expect("connect");
    assert_eq!(sender.peer_addr().expect("a peer"), at(reached, port));
    sent(|| sender.send(b"connected"));
    assert_eq!(receive(), (8, from));
}

/// A new socket may say `WouldBlock` before the host has noticed that there is room.
fn sent(send: impl Fn() -> std::io::Result<usize>) {
    while let Err(error) = send() {
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
    }
}

/// The interface has no sockets of both families.
fn takes_no_ipv4() {
    let listener = TcpListener::bind(at("::", 0)).expect("bind");
    let port = listener.local_addr().expect("an address").port();
    let mut stream = TcpStream::connect(at("127.0.0.1", port)).expect("start to connect");
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, BOTH);
    while !driver.expect(1).is_writable() {}
    let error = stream.take_error().expect("ask").expect("an error");
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{error}");
}

fn sends_no_ipv4() {
    let receiver = UdpSocket::bind(at("127.0.0.1", 0)).expect("bind");
    let port = receiver.local_addr().expect("an address").port();
    let sender = UdpSocket::bind(at("::", 0)).expect("bind");
    let mapped = at("::ffff:127.0.0.1", port);
    expect_kind(sender.send_to(b"x", mapped), ErrorKind::InvalidInput);
    expect_kind(sender.connect(mapped), ErrorKind::InvalidInput);
}

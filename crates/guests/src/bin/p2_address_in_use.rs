//! A listener or socket cannot bind an address that is in use, or that belongs to another machine.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use wasio::net::{TcpListener, UdpSocket};
use wasio_guests::driver::{host_code, local};

fn main() {
    let listener = TcpListener::bind(local()).expect("bind");
    let socket = UdpSocket::bind(local()).expect("bind");
    let taken = listener.local_addr().expect("an address");
    in_use(&TcpListener::bind(taken).expect_err("in use"));
    let taken = socket.local_addr().expect("an address");
    in_use(&UdpSocket::bind(taken).expect_err("in use"));
    // TEST-NET-1, never an address of this machine.
    let other: SocketAddr = "192.0.2.1:0".parse().expect("an address");
    not_ours(&TcpListener::bind(other).expect_err("not ours"));
    not_ours(&UdpSocket::bind(other).expect_err("not ours"));
}

fn in_use(error: &io::Error) {
    assert_eq!(error.kind(), ErrorKind::AddrInUse, "{error}");
    assert_eq!(host_code(error), Some("address-in-use"));
}

fn not_ours(error: &io::Error) {
    assert_eq!(error.kind(), ErrorKind::AddrNotAvailable, "{error}");
    assert_eq!(host_code(error), Some("address-not-bindable"));
}

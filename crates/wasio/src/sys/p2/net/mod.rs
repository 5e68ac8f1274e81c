//! TCP and UDP on `wasi:sockets`.
//!
//! A socket of the standard library, which wasi-libc made, stays what it is: libc's `poll` waits
//! for it. All others are resources of the host.

mod address;
pub(super) mod connecting;
mod connection;
mod datagrams;
mod handles;
mod hop_limit;
mod host_listener;
mod host_stream;
pub(super) mod linger;
mod listener;
mod network;
mod peeked;
mod pending;
mod std_socket;
mod std_udp;
mod stream;
mod udp;

use std::io;
use std::net::SocketAddr;

pub(crate) use self::handles::set_limit as set_handle_limit;
pub(crate) use self::linger::set_limits as set_linger_limits;
pub(crate) use self::listener::TcpListener;
pub(super) use self::network::network;
pub(crate) use self::std_socket::Descriptor;
pub(crate) use self::stream::TcpStream;
pub(crate) use self::udp::UdpSocket;

pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address)
}

pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    TcpStream::connect(address)
}

/// This version has none: a program binds its own.
pub(crate) fn preopened() -> io::Result<Option<TcpListener>> {
    Ok(None)
}

pub(crate) fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    UdpSocket::bind(address)
}

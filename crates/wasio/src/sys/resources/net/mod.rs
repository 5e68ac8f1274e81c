//! TCP and UDP on `wasi:sockets`.
//!
//! A socket of the standard library, which wasi-libc made of WASI 0.2, stays what it is: libc's
//! `poll` waits for it. All others are resources of the host, which each backend has a `net` for.

pub(crate) mod address;
pub(crate) mod handles;
mod hop_limit;
pub(crate) mod linger;
mod listener;
pub(crate) mod peeked;
mod std_socket;
pub(crate) mod std_udp;
pub(crate) mod stream;
mod udp;

use std::io;
use std::net::SocketAddr;

pub(crate) use self::handles::set_limit as set_handle_limit;
pub(crate) use self::linger::set_limits as set_linger_limits;
pub(crate) use self::listener::TcpListener;
pub(crate) use self::std_socket::Descriptor;
pub(crate) use self::stream::{TcpStream, offered, room};
pub(crate) use self::udp::UdpSocket;

pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address)
}

pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    TcpStream::connect(address)
}

/// These versions have none: a program binds its own.
pub(crate) fn preopened() -> io::Result<Option<TcpListener>> {
    Ok(None)
}

pub(crate) fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    UdpSocket::bind(address)
}

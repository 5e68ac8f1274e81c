//! TCP and UDP on `wasi:sockets`.
//!
//! A socket of the standard library, which wasi-libc made of WASI 0.2, stays what it is: libc's
//! `poll` waits for it. All others are resources of the host.

#[path = "../../p2/net/address.rs"]
mod address;
mod datagrams;
#[path = "../../p2/net/handles.rs"]
mod handles;
#[path = "../../p2/net/hop_limit.rs"]
mod hop_limit;
mod host_listener;
mod host_stream;
#[path = "../../p2/net/listener.rs"]
mod listener;
#[path = "../../p2/net/peeked.rs"]
mod peeked;
#[path = "../../p2/net/std_socket.rs"]
mod std_socket;
#[path = "../../p2/net/std_udp.rs"]
mod std_udp;
#[path = "../../p2/net/stream.rs"]
mod stream;
#[path = "../../p2/net/udp.rs"]
mod udp;

use std::io;
use std::net::SocketAddr;

pub(crate) use self::handles::set_limit as set_handle_limit;
pub(crate) use self::listener::TcpListener;
pub(crate) use self::std_socket::Descriptor;
pub(crate) use self::stream::TcpStream;
pub(crate) use self::udp::UdpSocket;
use super::linger;
pub(crate) use super::linger::set_limits as set_linger_limits;

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

//! TCP and UDP on `wasi:sockets`.
//!
//! A socket of the standard library, which wasi-libc made, stays what it is: libc's `poll` waits
//! for it. All others are resources of the host.

mod address;
mod connection;
mod datagrams;
pub(super) mod linger;
mod listener;
mod peeked;
mod pending;
mod std_socket;
mod stream;
mod udp;

use std::io;
use std::net::SocketAddr;

use super::bindings::ErrorCode;
use super::error;
use crate::errors::static_error;

pub(super) use self::address::network;
pub(crate) use self::listener::TcpListener;
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

/// The result of a call of the host.
pub(super) fn checked<T>(result: Result<T, ErrorCode>) -> io::Result<T> {
    result.map_err(error::of_code)
}

/// A time to live as the host's hop limit.
fn hop_limit(ttl: u32) -> io::Result<u8> {
    u8::try_from(ttl)
        .ok()
        .filter(|ttl| *ttl > 0)
        .ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                format!("time to live of {ttl}: give 1 to 255"),
            )
        })
}

pub(super) fn unsupported(message: &'static str) -> io::Error {
    static_error(io::ErrorKind::Unsupported, message)
}

//! TCP and UDP on `wasi:sockets`.
//!
//! A socket of the standard library, which wasi-libc made, stays what it is: libc's `poll` waits
//! for it. All others are resources of the host.

mod address;
mod attempt;
mod libc;
pub(super) mod linger;
mod listener;
mod stream;
mod udp;

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};

use wasip2::sockets::network::ErrorCode;

use super::error;

pub(super) use self::address::network;
pub(crate) use self::libc::Descriptor;
pub(crate) use self::listener::TcpListener;
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

pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    listener.accept()
}

pub(crate) fn listener_local_addr(listener: &TcpListener) -> io::Result<SocketAddr> {
    listener.local_addr()
}

pub(crate) fn listener_set_ttl(listener: &TcpListener, ttl: u32) -> io::Result<()> {
    listener.set_ttl(ttl)
}

pub(crate) fn listener_ttl(listener: &TcpListener) -> io::Result<u32> {
    listener.ttl()
}

pub(crate) fn listener_take_error(listener: &TcpListener) -> io::Result<Option<io::Error>> {
    listener.take_error()
}

pub(crate) fn recv(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    stream.read(buffer)
}

/// Fills the first buffer that has room: the host takes no more than one.
pub(crate) fn recv_vectored(
    stream: &TcpStream,
    buffers: &mut [IoSliceMut<'_>],
) -> io::Result<usize> {
    match buffers.iter_mut().find(|buffer| !buffer.is_empty()) {
        Some(buffer) => stream.read(buffer),
        None => Ok(0),
    }
}

pub(crate) fn peek(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    stream.peek(buffer)
}

pub(crate) fn send(stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    stream.write(bytes)
}

pub(crate) fn send_vectored(stream: &TcpStream, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    /// A message of several buffers is copied together up to this length.
    const MAX_JOINED: usize = 64 * 1024;
    let mut filled = buffers.iter().filter(|buffer| !buffer.is_empty());
    let Some(first) = filled.next() else {
        return Ok(0);
    };
    let Some(second) = filled.next() else {
        return stream.write(first);
    };
    // One write, so that a message of several buffers is not several segments, for which the
    // peer's delayed acknowledgements would cost 40 ms each.
    let mut joined = Vec::with_capacity(first.len().min(MAX_JOINED));
    for buffer in [first, second].into_iter().chain(filled) {
        let room = MAX_JOINED - joined.len();
        joined.extend_from_slice(&buffer[..buffer.len().min(room)]);
    }
    stream.write(&joined)
}

pub(crate) fn shutdown(stream: &TcpStream, how: Shutdown) -> io::Result<()> {
    stream.shutdown(how)
}

pub(crate) fn take_error(stream: &TcpStream) -> io::Result<Option<io::Error>> {
    stream.take_error()
}

pub(crate) fn local_addr(stream: &TcpStream) -> io::Result<SocketAddr> {
    stream.local_addr()
}

pub(crate) fn peer_addr(stream: &TcpStream) -> io::Result<SocketAddr> {
    stream.peer_addr()
}

pub(crate) fn set_nodelay(stream: &TcpStream, nodelay: bool) -> io::Result<()> {
    stream.set_nodelay(nodelay)
}

pub(crate) fn nodelay(stream: &TcpStream) -> io::Result<bool> {
    stream.nodelay()
}

pub(crate) fn set_ttl(stream: &TcpStream, ttl: u32) -> io::Result<()> {
    stream.set_ttl(ttl)
}

pub(crate) fn ttl(stream: &TcpStream) -> io::Result<u32> {
    stream.ttl()
}

pub(crate) fn udp_bind(address: SocketAddr) -> io::Result<UdpSocket> {
    UdpSocket::bind(address)
}

pub(crate) fn udp_only_v6(socket: &UdpSocket) -> io::Result<bool> {
    socket.only_v6()
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
                format!("a time to live is 1 to 255, not {ttl}"),
            )
        })
}

pub(super) fn unsupported(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        format!("WASI 0.2 has no {what}"),
    )
}

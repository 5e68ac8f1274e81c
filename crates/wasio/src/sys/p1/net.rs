//! TCP on WASI 0.1: what a host hands in, and what those connections can do.
//!
//! The version has no calls to connect, bind, name an address or set an option;
//! each of those says so, and names the version that has it.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
pub(crate) use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::abi::{self, Errno};
use super::host::Host;
use super::raw::{self, Wasi};

/// Preopened descriptors start here: 0 to 2 are the standard streams.
const FIRST_PREOPENED: u32 = 3;
/// Some hosts put the sockets before the directories and some behind: directories do not end the
/// scan, and so many unused numbers in a row do.
const GAP: u32 = 16;

/// The next listener that the host preopened and that was not handed out yet.
pub(crate) fn preopened() -> io::Result<Option<TcpListener>> {
    static NEXT: AtomicU32 = AtomicU32::new(FIRST_PREOPENED);
    let mut unused = 0;
    while unused < GAP {
        let fd = NEXT.fetch_add(1, Ordering::Relaxed);
        match Wasi.fdstat(fd) {
            Ok(stat) if stat.filetype == abi::SOCKET_STREAM => {
                let listener = raw::adopt_listener(fd);
                set_nonblocking(fd, stat.flags)?;
                return Ok(Some(listener));
            }
            Ok(_) => unused = 0,
            Err(_) => unused += 1,
        }
    }
    // All of them are handed out: look at the same numbers next time, and find none.
    NEXT.fetch_sub(GAP, Ordering::Relaxed);
    Ok(None)
}

/// Makes a descriptor non-blocking, where that is possible and needed.
fn set_nonblocking(fd: u32, flags: u16) -> io::Result<()> {
    if flags & abi::NONBLOCK != 0 {
        return Ok(());
    }
    match raw::set_flags(fd, abi::NONBLOCK) {
        // wasi-common cannot set flags while another thread lives; some hosts never can.
        Ok(()) | Err(Errno::NOTSUP | Errno::NOSYS | Errno::BADF) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
}

pub(crate) fn accept(listener: &TcpListener) -> io::Result<(TcpStream, SocketAddr)> {
    /// Whether the host was seen to obey the flag of `sock_accept`. WAMR does not.
    static OBEYS: AtomicBool = AtomicBool::new(false);
    let stream = raw::accept(fd(listener), abi::NONBLOCK)?;
    if !OBEYS.load(Ordering::Relaxed) {
        let flags = Wasi.fdstat(fd(&stream)).map_or(0, |stat| stat.flags);
        if flags & abi::NONBLOCK != 0 {
            OBEYS.store(true, Ordering::Relaxed);
        }
        set_nonblocking(fd(&stream), flags)?;
    }
    // No host says who connected.
    Ok((stream, SocketAddr::from(([0, 0, 0, 0], 0))))
}

pub(crate) fn recv(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(raw::read(fd(stream), buffer)?)
}

/// Fills the first buffer that has room: hosts look at no more than one.
pub(crate) fn recv_vectored(
    stream: &TcpStream,
    buffers: &mut [IoSliceMut<'_>],
) -> io::Result<usize> {
    match buffers.iter_mut().find(|buffer| !buffer.is_empty()) {
        Some(buffer) => recv(stream, buffer),
        None => Ok(0),
    }
}

pub(crate) fn peek(stream: &TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(raw::peek(fd(stream), buffer)?)
}

pub(crate) fn send(stream: &TcpStream, buffer: &[u8]) -> io::Result<usize> {
    Ok(raw::write(fd(stream), buffer)?)
}

/// In one call, so that a message of several buffers is not several segments, for which
/// the peer's delayed acknowledgements would cost 40 ms each.
pub(crate) fn send_vectored(stream: &TcpStream, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
    Ok(raw::write_vectored(fd(stream), buffers)?)
}

pub(crate) fn shutdown(stream: &TcpStream, how: Shutdown) -> io::Result<()> {
    let how = match how {
        Shutdown::Read => 1,
        Shutdown::Write => 2,
        Shutdown::Both => 3,
    };
    Ok(raw::shutdown(fd(stream), how)?)
}

/// No host keeps an error for later: the next read or write returns it.
pub(crate) fn take_error(_stream: &TcpStream) -> io::Result<Option<io::Error>> {
    Ok(None)
}

pub(crate) fn listener_take_error(_listener: &TcpListener) -> io::Result<Option<io::Error>> {
    Ok(None)
}

fn fd(socket: &impl AsRawFd) -> u32 {
    socket.as_raw_fd().cast_unsigned()
}

/// What this version cannot do, each with the words that say so.
macro_rules! unsupported {
    ($($name:ident($($argument:ty),*) -> $result:ty, $what:literal;)*) => {$(
        pub(crate) fn $name($(_: $argument),*) -> io::Result<$result> {
            Err(io::Error::new(
                io::ErrorKind::Unsupported,
                concat!("WASI 0.1 cannot ", $what, ": WASI 0.2 (target `wasm32-wasip2`) can"),
            ))
        }
    )*};
}

unsupported! {
    bind(SocketAddr) -> TcpListener, "bind a listener, only use one that the host preopened";
    connect(SocketAddr) -> TcpStream, "connect, only accept";
    listener_local_addr(&TcpListener) -> SocketAddr, "tell the address of a listener";
    listener_set_ttl(&TcpListener, u32) -> (), "set the time to live of a listener";
    listener_ttl(&TcpListener) -> u32, "tell the time to live of a listener";
    local_addr(&TcpStream) -> SocketAddr, "tell the address of a connection";
    peer_addr(&TcpStream) -> SocketAddr, "tell the address of a connection's peer";
    set_nodelay(&TcpStream, bool) -> (), "set the no-delay option of a connection";
    nodelay(&TcpStream) -> bool, "tell the no-delay option of a connection";
    set_ttl(&TcpStream, u32) -> (), "set the time to live of a connection";
    ttl(&TcpStream) -> u32, "tell the time to live of a connection";
    udp_bind(SocketAddr) -> UdpSocket, "use UDP";
    udp_only_v6(&UdpSocket) -> bool, "use UDP";
}

//! TCP on WASI 0.1: what a host hands in, and what those connections can do.
//!
//! The version has no calls to connect, bind, name an address or set an option: each of those is
//! an error that names the version that has it.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
pub(crate) use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};

use super::abi::{self, Errno};
use super::host::Host;
use super::raw::{self, Wasi};
use crate::IoSource;
use crate::errors::static_error;
use crate::sys::total_len;

/// The next listener that the host preopened and that was not handed out yet.
pub(crate) fn preopened() -> io::Result<Option<TcpListener>> {
    let Some(listener) = raw::next_preopened() else {
        return Ok(None);
    };
    let flags = Wasi.fdstat(fd(&listener)).map_or(0, |stat| stat.flags);
    set_nonblocking(fd(&listener), flags)?;
    Ok(Some(listener))
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

impl IoSource<TcpListener> {
    pub(crate) fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        /// Whether the host was seen to obey the flag of `sock_accept`. WAMR does not.
        static OBEYS: AtomicBool = AtomicBool::new(false);
        let stream = raw::accept(fd(&**self), abi::NONBLOCK)?;
        if !OBEYS.load(Ordering::Relaxed) {
            let flags = Wasi.fdstat(fd(&stream)).map_or(0, |stat| stat.flags);
            if flags & abi::NONBLOCK != 0 {
                OBEYS.store(true, Ordering::Relaxed);
            }
            set_nonblocking(fd(&stream), flags)?;
        }
        // No host returns the peer's address.
        Ok((stream, SocketAddr::from(([0, 0, 0, 0], 0))))
    }

    /// No host keeps an error for later.
    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(None)
    }
}

/// How much a vectored read has room for: it fills one buffer.
pub(crate) fn room(buffers: &[IoSliceMut<'_>]) -> usize {
    let filled = buffers.iter().find(|buffer| !buffer.is_empty());
    filled.map_or(0, |buffer| buffer.len())
}

/// How much of the buffers of a write the host is offered.
pub(crate) fn offered(buffers: &[IoSlice<'_>]) -> usize {
    let filled = buffers
        .iter()
        .map(|buffer| buffer.len())
        .filter(|len| *len > 0);
    total_len(filled.take(raw::MAX_BUFFERS))
}

impl IoSource<TcpStream> {
    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(raw::read(fd(&**self), buffer)?)
    }

    /// Fills the first buffer that has room: hosts fill no more than one.
    pub(crate) fn recv_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        match buffers.iter_mut().find(|buffer| !buffer.is_empty()) {
            Some(buffer) => self.recv(buffer),
            None => Ok(0),
        }
    }

    pub(crate) fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        Ok(raw::peek(fd(&**self), buffer)?)
    }

    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(raw::write(fd(&**self), bytes)?)
    }

    /// In one call, so that a message of several buffers is not several segments, for which
    /// the peer's delayed acknowledgements would cost 40 ms each.
    pub(crate) fn send_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        Ok(raw::write_vectored(fd(&**self), buffers)?)
    }

    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let how = match how {
            Shutdown::Read => 1,
            Shutdown::Write => 2,
            Shutdown::Both => 3,
        };
        Ok(raw::shutdown(fd(&**self), how)?)
    }

    /// No host keeps an error for later: the next read or write returns it.
    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(None)
    }
}

fn fd(socket: &impl AsRawFd) -> u32 {
    socket.as_raw_fd().cast_unsigned()
}

fn unsupported<T>(message: &'static str) -> io::Result<T> {
    Err(static_error(io::ErrorKind::Unsupported, message))
}

pub(crate) fn bind(_: SocketAddr) -> io::Result<TcpListener> {
    unsupported(
        "WASI 0.1 cannot bind a listener: use `TcpListener::preopened` and have the host open it, \
         or build for WASI 0.2 (target `wasm32-wasip2`)",
    )
}

pub(crate) fn connect(_: SocketAddr) -> io::Result<TcpStream> {
    unsupported("WASI 0.1 cannot connect, only accept: build for WASI 0.2 (target `wasm32-wasip2`)")
}

pub(crate) fn bind_udp(_: SocketAddr) -> io::Result<UdpSocket> {
    unsupported("WASI 0.1 has no UDP: build for WASI 0.2 (target `wasm32-wasip2`)")
}

/// Methods that this version has no call for. They hide the standard library's, whose errors do
/// not name the version that has one.
macro_rules! unsupported {
    ($socket:ty: $($name:ident($($argument:ty),*) -> $result:ty, $what:literal;)*) => {
        impl IoSource<$socket> {$(
            pub(crate) fn $name(&self, $(_: $argument),*) -> io::Result<$result> {
                unsupported(concat!(
                    "WASI 0.1 has no call for ",
                    $what,
                    ": build for WASI 0.2 (target `wasm32-wasip2`)",
                ))
            }
        )*}
    };
}

unsupported! {
    TcpListener:
    local_addr() -> SocketAddr, "the address of a listener";
    set_ttl(u32) -> (), "the time to live of a listener";
    ttl() -> u32, "the time to live of a listener";
}

unsupported! {
    TcpStream:
    local_addr() -> SocketAddr, "the address of a connection";
    peer_addr() -> SocketAddr, "the address of a connection's peer";
    set_nodelay(bool) -> (), "the no-delay option of a connection";
    nodelay() -> bool, "the no-delay option of a connection";
    set_ttl(u32) -> (), "the time to live of a connection";
    ttl() -> u32, "the time to live of a connection";
}

unsupported! {
    UdpSocket:
    only_v6() -> bool, "UDP";
}

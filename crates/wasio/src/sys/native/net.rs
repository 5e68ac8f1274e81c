//! TCP and UDP on the standard library's sockets, and on socket2 for what that cannot open
//! without blocking. Every socket that leaves here is non-blocking.
//!
//! The public types call methods of `IoSource`s of these sockets: those below, and for all else
//! the standard library's.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::SocketAddr;
pub(crate) use std::net::{TcpListener, TcpStream, UdpSocket};

use socket2::{Domain, Protocol, SockRef, Socket, Type};

use crate::IoSource;
use crate::sys::total_len;

/// Connections that the kernel keeps before they are accepted; it cuts this to its own limit.
const BACKLOG: i32 = 1024;

pub(crate) fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = tcp_socket(address)?;
    // On Windows the option lets others steal the port; elsewhere it lets a server
    // start again while connections of its predecessor linger.
    #[cfg(not(windows))]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

pub(crate) fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = tcp_socket(address)?;
    match socket.connect(&address.into()) {
        Err(error) if !is_under_way(&error) => Err(error),
        _ => Ok(socket.into()),
    }
}

fn tcp_socket(address: SocketAddr) -> io::Result<Socket> {
    let domain = Domain::for_address(address);
    let socket = Socket::new(domain, Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Whether a connect that failed goes on in the background. On Unix `WouldBlock` is an error: there is
/// no connection, and none comes.
fn is_under_way(error: &io::Error) -> bool {
    #[cfg(unix)]
    let is_under_way = error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error());
    #[cfg(not(unix))]
    let is_under_way = error.kind() == io::ErrorKind::WouldBlock;
    is_under_way || error.kind() == io::ErrorKind::Interrupted
}

#[cfg(unix)]
pub(crate) use self::inherited::preopened;

/// Windows has no such protocol.
#[cfg(windows)]
pub(crate) fn preopened() -> io::Result<Option<TcpListener>> {
    Ok(None)
}

/// The listeners that systemd, or another service manager with its protocol, started the program with.
#[cfg(unix)]
mod inherited {
    use std::env;
    use std::io;
    use std::net::TcpListener;
    use std::ops::Range;
    use std::os::fd::{BorrowedFd, RawFd};
    use std::process;
    use std::str::FromStr;

    use socket2::{Domain, SockRef, Socket, Type};

    use super::super::raw;

    const FIRST: RawFd = 3;

    pub(crate) fn preopened() -> io::Result<Option<TcpListener>> {
        let Some(owned) = raw::next_inherited(numbers, is_tcp_listener) else {
            return Ok(None);
        };
        let socket = Socket::from(owned);
        socket.set_cloexec(true)?;
        socket.set_nonblocking(true)?;
        Ok(Some(socket.into()))
    }

    /// The numbers that the variables announce.
    fn numbers() -> Range<RawFd> {
        // They are inherited too: they are for this process only if they name it.
        let is_ours = variable("LISTEN_PID") == Some(process::id());
        let count = variable("LISTEN_FDS").filter(|_| is_ours).unwrap_or(0);
        FIRST..FIRST.saturating_add(count)
    }

    fn is_tcp_listener(descriptor: BorrowedFd<'_>) -> bool {
        let socket = SockRef::from(&descriptor);
        let is_stream = matches!(socket.r#type(), Ok(Type::STREAM));
        let address = socket.local_addr().ok();
        let is_ip =
            address.is_some_and(|address| matches!(address.domain(), Domain::IPV4 | Domain::IPV6));
        is_stream && is_ip && listens(&socket)
    }

    #[cfg(any(target_os = "linux", target_os = "android", target_os = "freebsd"))]
    fn listens(socket: &Socket) -> bool {
        socket.is_listener().unwrap_or(false)
    }

    /// Without the option, or without socket2's call for it: a connection has a peer.
    #[cfg(not(any(target_os = "linux", target_os = "android", target_os = "freebsd")))]
    fn listens(socket: &Socket) -> bool {
        socket.peer_addr().is_err()
    }

    fn variable<T: FromStr>(name: &str) -> Option<T> {
        env::var(name).ok()?.parse().ok()
    }
}

impl IoSource<TcpListener> {
    pub(crate) fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = (**self).accept()?;
        stream.set_nonblocking(true)?;
        Ok((stream, peer))
    }
}

/// How much a vectored read has room for.
pub(crate) fn room(buffers: &[IoSliceMut<'_>]) -> usize {
    total_len(buffers.iter().map(|buffer| buffer.len()))
}

/// How much of the buffers of a write the system is offered.
pub(crate) fn offered(buffers: &[IoSlice<'_>]) -> usize {
    total_len(buffers.iter().map(|buffer| buffer.len()))
}

impl IoSource<TcpStream> {
    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        (&mut &**self).read(buffer)
    }

    pub(crate) fn recv_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&mut &**self).read_vectored(buffers)
    }

    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        (&mut &**self).write(bytes)
    }

    pub(crate) fn send_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        (&mut &**self).write_vectored(buffers)
    }
}

impl IoSource<UdpSocket> {
    /// The standard library has no such option.
    pub(crate) fn only_v6(&self) -> io::Result<bool> {
        SockRef::from(&**self).only_v6()
    }
}

pub(crate) fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

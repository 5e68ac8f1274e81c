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

/// Whether a connect that failed goes on in the background.
fn is_under_way(error: &io::Error) -> bool {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::INPROGRESS.raw_os_error()) {
        return true;
    }
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
    )
}

#[cfg(unix)]
pub(crate) use self::inherited::preopened;

/// Windows has no such protocol.
#[cfg(windows)]
pub(crate) fn preopened() -> io::Result<Option<TcpListener>> {
    Ok(None)
}

/// The listeners that systemd, or whoever speaks its protocol, started us with.
#[cfg(unix)]
mod inherited {
    use std::env;
    use std::io;
    use std::net::TcpListener;
    use std::os::fd::{BorrowedFd, RawFd};
    use std::process;
    use std::str::FromStr;
    use std::sync::{Mutex, PoisonError};

    use socket2::{Domain, SockRef, Socket, Type};

    use super::super::raw;

    const FIRST: RawFd = 3;
    /// The next descriptor to look at: each is handed out once.
    static NEXT: Mutex<RawFd> = Mutex::new(FIRST);

    pub(crate) fn preopened() -> io::Result<Option<TcpListener>> {
        // The variables are inherited too: they are for us only if they name us.
        if number("LISTEN_PID") != Some(process::id()) {
            return Ok(None);
        }
        let count: RawFd = number("LISTEN_FDS").unwrap_or(0);
        let mut next = NEXT.lock().unwrap_or_else(PoisonError::into_inner);
        while *next < FIRST.saturating_add(count) {
            let descriptor = *next;
            *next += 1;
            if let Some(owned) = raw::take_inherited(descriptor, is_tcp_listener) {
                let socket = Socket::from(owned);
                socket.set_cloexec(true)?;
                socket.set_nonblocking(true)?;
                return Ok(Some(socket.into()));
            }
        }
        Ok(None)
    }

    fn is_tcp_listener(descriptor: BorrowedFd<'_>) -> bool {
        let socket = SockRef::from(&descriptor);
        let is_stream = matches!(socket.r#type(), Ok(Type::STREAM));
        let address = socket.local_addr().ok();
        let is_ip =
            address.is_some_and(|address| matches!(address.domain(), Domain::IPV4 | Domain::IPV6));
        // A connection that was handed in has a peer.
        is_stream && is_ip && socket.peer_addr().is_err()
    }

    fn number<T: FromStr>(variable: &str) -> Option<T> {
        env::var(variable).ok()?.parse().ok()
    }
}

impl IoSource<TcpListener> {
    pub(crate) fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = (**self).accept()?;
        stream.set_nonblocking(true)?;
        Ok((stream, peer))
    }
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

use std::io;
use std::net::{self, SocketAddr};

use super::TcpStream;
use crate::IoSource;
use crate::io_outcome::IoOutcome;
use crate::net::options::{buffer_options, keepalive_options};
use crate::net::socket::socket;
use crate::portable::Direction;
use crate::sys;

/// A TCP socket that listens. It is readable when a connection is to be accepted.
///
/// # Examples
///
/// ```
/// # #[cfg(not(target_env = "p1"))]
/// # fn main() -> std::io::Result<()> {
/// use std::io::ErrorKind;
/// use wasio::net::TcpListener;
/// use wasio::{Events, Interest, Poll, Token};
///
/// let address = "127.0.0.1:0".parse().unwrap();
/// let mut listener = TcpListener::preopened()?.map_or_else(|| TcpListener::bind(address), Ok)?;
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// poll.registry().register(&mut listener, Token(0), Interest::READABLE)?;
///
/// let client = std::net::TcpStream::connect(listener.local_addr()?)?;
/// poll.poll(&mut events, None)?;
/// let mut accepted = 0;
/// loop {
///     match listener.accept() {
///         Ok((_stream, peer)) => {
///             assert_eq!(peer, client.local_addr()?);
///             accepted += 1;
///         }
///         Err(error) if error.kind() == ErrorKind::WouldBlock => break,
///         Err(error) => return Err(error),
///     }
/// }
/// assert_eq!(accepted, 1);
/// # Ok(())
/// # }
/// # #[cfg(target_env = "p1")]
/// # fn main() {}
/// ```
pub struct TcpListener {
    inner: IoSource<sys::net::TcpListener>,
}

impl TcpListener {
    /// Listens on `address`. Port 0 is any free port: [`local_addr`](Self::local_addr) returns it.
    ///
    /// The backlog is 1024, or less if the system limits it.
    ///
    /// # Errors
    ///
    /// Those of the host: [`AddrInUse`](io::ErrorKind::AddrInUse), for instance.
    ///
    /// # Platform behaviour
    ///
    /// * On Unix `SO_REUSEADDR` is set, so that a server can start again at once; on Windows
    ///   not, as there it would let others take the port over.
    /// * WASI 0.1: [`Unsupported`](io::ErrorKind::Unsupported); see [`preopened`](Self::preopened).
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        sys::net::bind(address).map(Self::from_backend)
    }

    /// The next listener that the host or a service manager has opened for the program; `None` when
    /// there is none left. Each is handed out once in the life of the program.
    ///
    /// # Errors
    ///
    /// That of the host, if it cannot be made non-blocking.
    ///
    /// # Platform behaviour
    ///
    /// The first call collects what was handed in: what the program opens later is never among it,
    /// whatever its number.
    ///
    /// * WASI 0.1: the stream sockets among the descriptors from 3 on, in their order. Code that
    ///   makes an owner of such a number itself ([`FromRawFd`](std::os::fd::FromRawFd)) must not be
    ///   used beside this function, which may hand out the same number, or a connection that was
    ///   accepted before the first call: hosts do not tell a connection from a listener.
    /// * Unix: the TCP listeners of systemd's `LISTEN_FDS` protocol, from descriptor 3 on, if
    ///   `LISTEN_PID` is this process. The two variables are left as they are. A descriptor that
    ///   is closed on `exec` is passed over: the program has opened it, or taken it already.
    /// * WASI 0.2 and Windows: always `None`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # fn main() -> std::io::Result<()> {
    /// use wasio::net::TcpListener;
    ///
    /// let mut listeners = Vec::new();
    /// while let Some(listener) = TcpListener::preopened()? {
    ///     listeners.push(listener);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn preopened() -> io::Result<Option<Self>> {
        Ok(sys::net::preopened()?.map(Self::from_backend))
    }

    /// Accepts a connection. Call it until it returns `WouldBlock`.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none;
    /// [`ConnectionAborted`](io::ErrorKind::ConnectionAborted) and the like when one ended before
    /// it was accepted; those of the host, as when it has no descriptor left. None of them ends the
    /// listener: there is another event for what is still to be accepted.
    ///
    /// # Platform behaviour
    ///
    /// WASI 0.2 leaves out a peer that has reset its connection by now: its address is gone.
    ///
    /// WASI 0.1 does not return the peer's address: it is always `0.0.0.0:0`. So it is on WASI 0.2
    /// for a listener of the standard library, as libc ends the program when it is asked for the
    /// address of a peer that has reset the connection.
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let accepted = self.inner.try_io(
            Direction::Read,
            |listener| listener.accept(),
            |_| IoOutcome::Complete,
        )?;
        let (stream, peer) = accepted;
        Ok((TcpStream::from_backend(stream), peer))
    }
}

buffer_options!(TcpListener);
keepalive_options!(TcpListener);
socket!(TcpListener, net::TcpListener);

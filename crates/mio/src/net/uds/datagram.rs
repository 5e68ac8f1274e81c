use std::io;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use wasio::{Interest, IoSource};

use crate::source::{connection, descriptor, into_std, source};

/// A Unix datagram socket.
pub struct UnixDatagram {
    inner: IoSource<net::UnixDatagram>,
}

impl UnixDatagram {
    /// A socket with a path, which must not exist.
    ///
    /// # Errors
    ///
    /// What the operating system says: [`AddrInUse`](io::ErrorKind::AddrInUse), for instance.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        let address = SocketAddr::from_pathname(path)?;
        Self::bind_addr(&address)
    }

    /// A socket with an address: a path or, on Linux, an abstract name.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        non_blocking(net::UnixDatagram::bind_addr(address)?)
    }

    /// A socket of the standard library as a source. It must be non-blocking:
    /// [`set_nonblocking`](net::UnixDatagram::set_nonblocking).
    #[must_use]
    pub fn from_std(socket: net::UnixDatagram) -> Self {
        Self {
            inner: IoSource::new(socket),
        }
    }

    /// Sets where [`send`](Self::send) sends to, and [`recv`](Self::recv) receives from.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.inner.connect(path)
    }

    /// A socket with no address.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn unbound() -> io::Result<Self> {
        non_blocking(net::UnixDatagram::unbound()?)
    }

    /// Two sockets that are connected to each other.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn pair() -> io::Result<(Self, Self)> {
        let (one, other) = net::UnixDatagram::pair()?;
        Ok((non_blocking(one)?, non_blocking(other)?))
    }

    /// Receives a datagram: its length and who sent it. What `buffer` has no room
    /// for is lost.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none.
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.inner
            .do_io_with(Interest::READABLE, |socket| socket.recv_from(buffer))
    }

    /// Receives a datagram. What `buffer` has no room for is lost.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none.
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner
            .do_io_with(Interest::READABLE, |socket| socket.recv(buffer))
    }

    /// Sends a datagram to a path.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room.
    pub fn send_to<P: AsRef<Path>>(&self, bytes: &[u8], path: P) -> io::Result<usize> {
        self.inner
            .do_io_with(Interest::WRITABLE, |socket| socket.send_to(bytes, path))
    }

    /// Sends a datagram to where the socket is connected to.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room.
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.inner
            .do_io_with(Interest::WRITABLE, |socket| socket.send(bytes))
    }
}

fn non_blocking(socket: net::UnixDatagram) -> io::Result<UnixDatagram> {
    socket.set_nonblocking(true)?;
    Ok(UnixDatagram::from_std(socket))
}

connection!(UnixDatagram);
source!(UnixDatagram);
descriptor!(UnixDatagram);
into_std!(UnixDatagram, net::UnixDatagram);

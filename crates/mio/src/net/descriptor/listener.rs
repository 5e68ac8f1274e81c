use std::io;
use std::net::{self, Ipv4Addr, SocketAddr};
use std::os::fd::AsFd;

use wasio::{Interest, IoSource};

use super::{TcpStream, tcp_socket};
use crate::raw;
use crate::source::{descriptor, into_std, source};

/// Connections that the host keeps before they are accepted, or fewer if it says so.
const BACKLOG: i32 = 1024;

/// A TCP socket that listens. It is readable when a connection is to be accepted.
pub struct TcpListener {
    inner: IoSource<net::TcpListener>,
}

impl TcpListener {
    /// Listens on `address`. Port 0 is any free port: [`local_addr`](Self::local_addr) tells.
    ///
    /// # Errors
    ///
    /// What the host says: [`AddrInUse`](io::ErrorKind::AddrInUse), for instance.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = tcp_socket(address)?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(Self::from_std(socket.into()))
    }

    /// A listener of the standard library as a source. It must be non-blocking:
    /// [`set_nonblocking`](net::TcpListener::set_nonblocking).
    #[must_use]
    pub fn from_std(listener: net::TcpListener) -> Self {
        Self {
            inner: IoSource::new(listener),
        }
    }

    /// Accepts a connection. Call it until it says `WouldBlock`.
    ///
    /// # Platform behaviour
    ///
    /// On WASI 0.2 the address is always `0.0.0.0:0`. Only wasi-libc can tell it, and libc ends the
    /// program when it is asked about a peer that has reset the connection, which any peer may do
    /// before it is accepted. [`peer_addr`](TcpStream::peer_addr) does ask.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none; what the host says.
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let accepted = self
            .inner
            .do_io_with(Interest::READABLE, |listener| raw::accept(listener.as_fd()))?;
        let unknown = SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0));
        Ok((TcpStream::from_std(accepted.into()), unknown))
    }

    /// The address it listens on.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Sets the number of hops that packets of this socket may take.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_ttl(ttl)
    }

    /// The number of hops that packets of this socket may take.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.ttl()
    }

    /// Takes the error that is kept for the socket, if there is one.
    ///
    /// # Errors
    ///
    /// What libc says of the question itself.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error()
    }
}

source!(TcpListener);
descriptor!(TcpListener);
into_std!(TcpListener, net::TcpListener);

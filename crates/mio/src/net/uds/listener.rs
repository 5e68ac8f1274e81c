use std::io;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use wasio::{Interest, IoSource};

use super::UnixStream;
use crate::source::{descriptor, into_std, source};

/// A Unix stream socket that listens. It is readable when a connection is to be accepted.
pub struct UnixListener {
    inner: IoSource<net::UnixListener>,
}

impl UnixListener {
    /// Listens on a path, which must not exist.
    ///
    /// # Errors
    ///
    /// What the operating system says: [`AddrInUse`](io::ErrorKind::AddrInUse), for instance.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        let address = SocketAddr::from_pathname(path)?;
        Self::bind_addr(&address)
    }

    /// Listens on an address: a path or, on Linux, an abstract name.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    pub fn bind_addr(address: &SocketAddr) -> io::Result<Self> {
        let listener = net::UnixListener::bind_addr(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self::from_std(listener))
    }

    /// A listener of the standard library as a source. It must be non-blocking:
    /// [`set_nonblocking`](net::UnixListener::set_nonblocking).
    #[must_use]
    pub fn from_std(listener: net::UnixListener) -> Self {
        Self {
            inner: IoSource::new(listener),
        }
    }

    /// Accepts a connection. Call it until it says `WouldBlock`.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none.
    pub fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (stream, peer) = self
            .inner
            .do_io_with(Interest::READABLE, net::UnixListener::accept)?;
        stream.set_nonblocking(true)?;
        Ok((UnixStream::from_std(stream), peer))
    }

    /// The address it listens on.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Takes the error that is kept for the socket, if there is one.
    ///
    /// # Errors
    ///
    /// What the operating system says of the question itself.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error()
    }
}

source!(UnixListener);
descriptor!(UnixListener);
into_std!(UnixListener, net::UnixListener);

use std::io::{self, ErrorKind};
use std::net::{self, Shutdown, SocketAddr};

use wasio::{Interest, IoSource};

use super::connection::Connection;
use super::tcp_socket;
use crate::source::{descriptor, into_std, reads, source, writes};

/// A TCP connection.
pub struct TcpStream {
    inner: IoSource<Connection>,
}

impl TcpStream {
    /// Starts to connect, and does not wait for the outcome.
    ///
    /// Register the stream with [`Interest::WRITABLE`]: its event says that the attempt is over.
    /// Then [`take_error`](Self::take_error) says whether it failed, and
    /// [`peer_addr`](Self::peer_addr) whether there is a connection
    /// ([`NotConnected`](ErrorKind::NotConnected): wait for the next event).
    ///
    /// # Errors
    ///
    /// What the host knows at once; the rest comes with the event.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let socket = tcp_socket(address)?;
        match socket.connect(&address.into()) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
            _ => Ok(Self::from_std(socket.into())),
        }
    }

    /// A connection of the standard library as a source. It must be non-blocking:
    /// [`set_nonblocking`](net::TcpStream::set_nonblocking).
    #[must_use]
    pub fn from_std(stream: net::TcpStream) -> Self {
        Self {
            inner: IoSource::new(stream.into()),
        }
    }

    /// The address of the other side.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](ErrorKind::NotConnected) if there is none.
    ///
    /// # Platform behaviour
    ///
    /// On WASI 0.2 wasi-libc ends the program, by a trap, when the peer has reset the connection.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// The address of this side.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Closes one half of the connection, or both.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](ErrorKind::NotConnected) if there is no connection (any more).
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
    }

    /// Whether small writes are to be sent at once. libc remembers it; the host decides.
    ///
    /// # Errors
    ///
    /// What libc says.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.inner.set_nodelay(nodelay)
    }

    /// What [`set_nodelay`](Self::set_nodelay) set.
    ///
    /// # Errors
    ///
    /// What libc says.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.inner.nodelay()
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

    /// Takes the error of an attempt to connect, if it failed.
    ///
    /// # Errors
    ///
    /// What libc says of the question itself.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error()
    }

    /// Reads and leaves the bytes where the next read of this stream finds them. Its descriptor
    /// has them no more, nor has what it is turned into.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](ErrorKind::WouldBlock) when there are none.
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len();
        let mut short = None;
        let result = self.inner.do_io_with(Interest::READABLE, |connection| {
            let peeked = connection.peek(buffer)?;
            if (1..room).contains(&peeked) {
                // There is no more now: a caller who needs it polls for it.
                short = Some(peeked);
                return Err(ErrorKind::WouldBlock.into());
            }
            Ok(peeked)
        });
        short.map_or(result, Ok)
    }

    /// Runs an operation of the caller's own on the socket (a system call, through
    /// `AsRawFd`), and arms the stream again if it says `WouldBlock`.
    ///
    /// # Errors
    ///
    /// Those of `f`.
    pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner.do_io(|_| f())
    }
}

reads!(TcpStream);
writes!(TcpStream);
source!(TcpStream);
descriptor!(TcpStream);
into_std!(TcpStream, net::TcpStream);

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{self, Shutdown, SocketAddr};

use crate::IoSource;
use crate::io_outcome::IoOutcome;
use crate::net::options::{buffer_options, keepalive_options};
use crate::net::socket::{own_operations, socket};
use crate::portable::Direction;
use crate::sys;

/// A TCP connection.
///
/// # Examples
///
/// ```
/// # #[cfg(not(target_env = "p1"))]
/// # fn main() -> std::io::Result<()> {
/// use std::io::{ErrorKind, Read, Write};
/// use wasio::net::TcpStream;
/// use wasio::{Events, Interest, Poll, Token};
///
/// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// let mut stream = TcpStream::connect(listener.local_addr()?)?;
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// poll.registry().register(&mut stream, Token(0), Interest::READABLE | Interest::WRITABLE)?;
///
/// // Writable: connected, or failed to.
/// poll.poll(&mut events, None)?;
/// if let Some(error) = stream.take_error()? {
///     return Err(error);
/// }
/// stream.write_all(b"ping")?;
///
/// let (mut peer, _) = listener.accept()?;
/// peer.write_all(b"pong")?;
/// let mut answer = Vec::new();
/// let mut buffer = [0; 64];
/// while answer.len() < 4 {
///     poll.poll(&mut events, None)?;
///     loop {
///         match stream.read(&mut buffer) {
///             Ok(0) => break,
///             Ok(read) => answer.extend_from_slice(&buffer[..read]),
///             Err(error) if error.kind() == ErrorKind::WouldBlock => break,
///             Err(error) => return Err(error),
///         }
///     }
/// }
/// assert_eq!(answer, b"pong");
/// # Ok(())
/// # }
/// # #[cfg(target_env = "p1")]
/// # fn main() {}
/// ```
pub struct TcpStream {
    inner: IoSource<sys::net::TcpStream>,
}

impl TcpStream {
    /// Starts to connect, and does not wait for the outcome.
    ///
    /// 1. Register the stream with [`Interest::WRITABLE`](crate::Interest::WRITABLE) and wait for its
    ///    event.
    /// 2. If [`take_error`](Self::take_error) returns an error, the connect has failed.
    /// 3. If [`peer_addr`](Self::peer_addr) returns
    ///    [`NotConnected`](io::ErrorKind::NotConnected), wait for the next event; if it returns an
    ///    address, the stream is connected.
    ///
    /// # Errors
    ///
    /// What the host knows at once; the rest comes with the event.
    ///
    /// # Platform behaviour
    ///
    /// WASI 0.1: [`Unsupported`](io::ErrorKind::Unsupported).
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        sys::net::connect(address).map(Self::from_backend)
    }

    /// The address of the other side.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if there is none;
    /// WASI 0.1: [`Unsupported`](io::ErrorKind::Unsupported).
    ///
    /// # Platform behaviour
    ///
    /// WASI 0.2: libc ends the program if this is called on a stream of its own
    /// ([`from_std`](Self::from_std)) that the peer has reset.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// Closes one half of the connection, or both.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if there is no connection. If the peer has reset
    /// it, some hosts of WASI 0.2 and 0.3 return no error.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
    }

    /// Sets `TCP_NODELAY`: small writes are sent at once.
    ///
    /// # Errors
    ///
    /// Those of the host; WASI 0.1: [`Unsupported`](io::ErrorKind::Unsupported).
    ///
    /// # Platform behaviour
    ///
    /// Windows: set it after the connection is made. WASI 0.2 has no such option: it is remembered,
    /// and the host decides.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.inner.set_nodelay(nodelay)
    }

    /// Whether small writes are sent at once.
    ///
    /// # Errors
    ///
    /// Those of the host; WASI 0.1: [`Unsupported`](io::ErrorKind::Unsupported).
    pub fn nodelay(&self) -> io::Result<bool> {
        self.inner.nodelay()
    }

    /// Reads and leaves the bytes where they are: the next read returns them again.
    ///
    /// A peek that finds fewer bytes than `buffer` has room for arms the source again, since more may
    /// come. After some in a row without a read that is done with a delay, of at most 256 ms: the
    /// bytes that are there would otherwise be reported over and over.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there are none.
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len();
        if room == 0 {
            return Ok(0);
        }
        self.inner.try_io(
            Direction::Read,
            |stream| stream.peek(buffer),
            |peeked| IoOutcome::of_peek(*peeked, room),
        )
    }
}

macro_rules! read_and_write {
    ($($stream:ty),+) => {$(
        impl Read for $stream {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                let room = buffer.len();
                self.inner
                    .try_stream_io(Direction::Read, room, |stream| stream.recv(buffer))
            }

            fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                let room = sys::net::room(buffers);
                self.inner
                    .try_stream_io(Direction::Read, room, |stream| stream.recv_vectored(buffers))
            }
        }

        impl Write for $stream {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let len = sys::offered_of(bytes.len());
                self.inner
                    .try_stream_io(Direction::Write, len, |stream| stream.send(bytes))
            }

            fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
                let len = sys::net::offered(buffers);
                self.inner
                    .try_stream_io(Direction::Write, len, |stream| stream.send_vectored(buffers))
            }

            /// Does nothing: what was written is sent without it. On WASI 0.3 the host may not have
            /// taken the last write yet.
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
    )+};
}

read_and_write!(TcpStream, &TcpStream);
own_operations!(TcpStream);
buffer_options!(TcpStream);
keepalive_options!(TcpStream);
socket!(TcpStream, net::TcpStream);

//! What tasks do with sockets.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::io::Async;
use crate::Interest;
use crate::net::{TcpListener, TcpStream, UdpSocket};
use crate::portable::Direction;

impl Async<TcpListener> {
    /// Listens at an address. Port 0 is a free one.
    ///
    /// # Errors
    ///
    /// Those of [`TcpListener::bind`] and of [`new`](Self::new).
    pub fn bind(address: impl Into<SocketAddr>) -> io::Result<Self> {
        Self::new(TcpListener::bind(address.into())?)
    }

    /// Accepts a connection.
    ///
    /// # Errors
    ///
    /// Those of [`TcpListener::accept`], most of which the next call survives: see the
    /// [guide](crate::guide). And those of [`new`](Self::new), for the stream.
    pub async fn accept(&self) -> io::Result<(Async<TcpStream>, SocketAddr)> {
        let accepted = self.read_with(TcpListener::accept).await?;
        self.accepted(accepted)
    }

    /// The connections as a stream that does not end. Its errors are those of
    /// [`accept`](Self::accept): a stream that has given one may give connections again. Use it in one
    /// task: where several wait, let each of them `accept`.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming(self)
    }

    fn accepted(
        &self,
        (stream, peer): (TcpStream, SocketAddr),
    ) -> io::Result<(Async<TcpStream>, SocketAddr)> {
        let selector = self.selector();
        let both = Interest::READABLE | Interest::WRITABLE;
        Ok((Async::with_selector(stream, both, selector)?, peer))
    }
}

/// The connections of a listener. Made by [`Async::incoming`].
#[must_use = "a stream does nothing until it is polled"]
pub struct Incoming<'a>(&'a Async<TcpListener>);

impl Stream for Incoming<'_> {
    type Item = io::Result<Async<TcpStream>>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let listener = self.0;
        let accepted = ready!(
            listener.poll_operation(Direction::Read, context, |listener| { listener.accept() })
        );
        let stream = accepted.and_then(|accepted| listener.accepted(accepted));
        Poll::Ready(Some(stream.map(|(stream, _)| stream)))
    }
}

impl fmt::Debug for Incoming<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Incoming").field(self.0).finish()
    }
}

impl Async<TcpStream> {
    /// Connects, and returns once there is a connection.
    ///
    /// # Errors
    ///
    /// Those of [`TcpStream::connect`], and why there is no connection.
    pub async fn connect(address: impl Into<SocketAddr>) -> io::Result<Self> {
        let stream = Self::new(TcpStream::connect(address.into())?)?;
        stream.write_with(connected).await?;
        Ok(stream)
    }

    /// Reads what there is, and leaves it for the next read.
    ///
    /// # Errors
    ///
    /// Those of [`TcpStream::peek`] and of [`readable`](Self::readable).
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_with(|stream| stream.peek(buffer)).await
    }
}

/// Whether a stream is connected.
fn connected(stream: &TcpStream) -> io::Result<()> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    match stream.peer_addr() {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotConnected => Err(ErrorKind::WouldBlock.into()),
        Err(error) => Err(error),
    }
}

/// The errors are those of the operations of [`UdpSocket`] and of [`readable`](Self::readable) or
/// [`writable`](Self::writable).
impl Async<UdpSocket> {
    /// A socket with an address of its own. Port 0 is a free one.
    ///
    /// # Errors
    ///
    /// Those of [`UdpSocket::bind`] and of [`new`](Self::new).
    pub fn bind(address: impl Into<SocketAddr>) -> io::Result<Self> {
        Self::new(UdpSocket::bind(address.into())?)
    }

    /// Receives a datagram, and from where it came. What does not fit into `buffer` is lost.
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read_with(|socket| socket.recv_from(buffer)).await
    }

    /// As [`recv_from`](Self::recv_from), and leaves the datagram for the next call.
    pub async fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read_with(|socket| socket.peek_from(buffer)).await
    }

    /// Sends a datagram to an address.
    pub async fn send_to(&self, bytes: &[u8], target: impl Into<SocketAddr>) -> io::Result<usize> {
        let target = target.into();
        self.write_with(|socket| socket.send_to(bytes, target))
            .await
    }

    /// Receives a datagram of the peer that the socket is [connected](UdpSocket::connect) to.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_with(|socket| socket.recv(buffer)).await
    }

    /// As [`recv`](Self::recv), and leaves the datagram for the next call.
    pub async fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_with(|socket| socket.peek(buffer)).await
    }

    /// Sends a datagram to the peer that the socket is [connected](UdpSocket::connect) to.
    pub async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.write_with(|socket| socket.send(bytes)).await
    }
}

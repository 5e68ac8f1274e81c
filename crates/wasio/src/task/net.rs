//! What tasks do with sockets.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use super::io::Async;
use crate::Interest;
use crate::net::{TcpListener, TcpStream};

impl Async<TcpListener> {
    /// Accepts a connection.
    ///
    /// # Errors
    ///
    /// Those of [`TcpListener::accept`], most of which the next call survives: see the
    /// [guide](crate::guide). And those of [`new`](Self::new), for the stream.
    pub async fn accept(&self) -> io::Result<(Async<TcpStream>, SocketAddr)> {
        let (stream, peer) = self.read_with(TcpListener::accept).await?;
        let selector = self.selector();
        let both = Interest::READABLE | Interest::WRITABLE;
        Ok((Async::with_selector(stream, both, selector)?, peer))
    }
}

impl Async<TcpStream> {
    /// Connects, and returns once there is a connection.
    ///
    /// # Errors
    ///
    /// Those of [`TcpStream::connect`], and why there is no connection.
    pub async fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = Self::new(TcpStream::connect(address)?)?;
        stream.write_with(connected).await?;
        Ok(stream)
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

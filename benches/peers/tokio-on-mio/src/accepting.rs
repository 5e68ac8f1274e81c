//! mio's `accept` fails on WASI 0.2: Rust 1.95's libc refuses to make an accepted socket
//! non-blocking by `fcntl`, which is mio's way. So the standard library accepts, and tokio only
//! waits until there is something to accept.

use std::io::{self, ErrorKind};
use std::net::{self, SocketAddr};
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::raw;

/// A listener as tokio's, as far as the programs use it.
#[derive(Debug)]
pub struct Listener {
    /// The listener's descriptor, in the only type that lends its readiness.
    waiting: TcpStream,
}

impl Listener {
    pub(crate) fn from_std(listener: net::TcpListener) -> io::Result<Self> {
        let descriptor = OwnedFd::from(listener);
        Ok(Self {
            waiting: TcpStream::from_std(descriptor.into())?,
        })
    }

    /// Accepts a connection.
    ///
    /// # Errors
    /// What the host says.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let accept = || raw::as_std(&self.waiting).accept();
        loop {
            self.waiting.readable().await?;
            match self.waiting.try_io(Interest::READABLE, accept) {
                Ok((stream, peer)) => {
                    stream.set_nonblocking(true)?;
                    return Ok((TcpStream::from_std(stream)?, peer));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
    }
}

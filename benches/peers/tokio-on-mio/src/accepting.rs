//! A listener that accepts with the standard library, and uses tokio only to wait. mio's `accept`
//! fails on WASI 0.2, because it makes the accepted socket non-blocking with `fcntl`, which the
//! libc of Rust 1.95 refuses.

use std::io::{self, ErrorKind};
use std::net::{self, SocketAddr};
use std::os::fd::OwnedFd;

use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::raw;

/// The part of tokio's listener that the programs use.
#[derive(Debug)]
pub struct Listener {
    /// The descriptor of the listener, in the only type of tokio that can wait for any descriptor.
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
    /// The error of the host.
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

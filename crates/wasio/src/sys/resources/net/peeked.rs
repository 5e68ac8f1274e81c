//! What was read ahead of the program. Neither the host nor libc can leave bytes where they are, so
//! that what a peek reads is kept for the next read.

use std::io::{self, Read};
use std::net::SocketAddr;

use super::address;
use crate::lock::Lock;

/// The bytes and their sender.
pub(crate) type Datagram = (Vec<u8>, SocketAddr);

/// A datagram that a peek received, for the next receive.
#[derive(Default)]
pub(crate) struct PeekedDatagram(Lock<Option<Datagram>>);

impl PeekedDatagram {
    #[cfg(wasio_pollables)]
    pub(crate) fn is_some(&self) -> bool {
        self.0.lock().is_some()
    }

    pub(crate) fn take(&self) -> Option<Datagram> {
        self.0.lock().take()
    }

    /// Copies the datagram, which is received first if there is none.
    pub(crate) fn peek(
        &self,
        buffer: &mut [u8],
        receive: impl FnOnce() -> io::Result<Datagram>,
    ) -> io::Result<(usize, SocketAddr)> {
        let datagram = match self.take() {
            Some(datagram) => datagram,
            None => receive()?,
        };
        let copied = (copy(&datagram.0, buffer), datagram.1);
        *self.0.lock() = Some(datagram);
        Ok(copied)
    }

    /// After a connect to `peer`: one of another sender is dropped.
    pub(crate) fn keep_of(&self, peer: SocketAddr) {
        (self.0.lock()).take_if(|(_, sender)| !address::is_same(*sender, peer));
    }
}

/// Copies a datagram to a buffer; what there is no room for is lost.
pub(crate) fn copy(datagram: &[u8], buffer: &mut [u8]) -> usize {
    let len = datagram.len().min(buffer.len());
    buffer[..len].copy_from_slice(&datagram[..len]);
    len
}

/// Bytes of a stream.
#[derive(Default)]
pub(crate) struct Peeked {
    bytes: Vec<u8>,
    /// What the read after the bytes returned, if it is not yet to be returned: the end, or an
    /// error other than `WouldBlock`.
    end: Option<io::Result<usize>>,
}

impl Peeked {
    #[cfg(not(wasio_waitables))]
    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.end.is_none()
    }

    /// How much it holds: the number of bytes, and whether the end is there.
    #[cfg(not(wasio_waitables))]
    pub(crate) const fn held(&self) -> (usize, bool) {
        (self.bytes.len(), self.end.is_some())
    }

    /// Keeps the result of a read and what it read, with which `buffer` begins.
    pub(crate) fn keep(&mut self, result: io::Result<usize>, buffer: &[u8]) {
        match result {
            Ok(len) if len > 0 => self.bytes.extend_from_slice(&buffer[..len]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            end => self.end = Some(end),
        }
    }

    /// Copies the bytes to `buffer`; where that has more room, after one `read` of what follows.
    /// The end and errors are taken when no byte is left before them.
    pub(crate) fn peek(
        &mut self,
        buffer: &mut [u8],
        read: impl FnOnce(&mut [u8]) -> io::Result<usize>,
    ) -> io::Result<usize> {
        let known = self.bytes.len();
        if known < buffer.len() && self.end.is_none() {
            let room = &mut buffer[known..];
            let result = read(room);
            self.keep(result, room);
        }
        if self.bytes.is_empty() {
            return self
                .end
                .take()
                .unwrap_or(Err(io::ErrorKind::WouldBlock.into()));
        }
        self.bytes.as_slice().read(buffer)
    }

    /// What a read returns before it asks for more.
    pub(crate) fn take(&mut self, buffer: &mut [u8]) -> Option<io::Result<usize>> {
        if self.bytes.is_empty() {
            return self.end.take();
        }
        let result = self.bytes.as_slice().read(buffer);
        if let Ok(len) = result {
            self.bytes.drain(..len);
        }
        // A connection keeps no memory for what was read long ago.
        if self.bytes.is_empty() {
            self.bytes = Vec::new();
        }
        Some(result)
    }
}

//! A connection of libc's with what libc does not do.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::TcpStream;
use std::ops::Deref;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::linger;

/// A message of several buffers is copied together up to this length.
const MAX_JOINED: usize = 64 * 1024;

pub(super) struct Connection {
    /// Always, until it is dropped.
    stream: Option<TcpStream>,
    peeked: Mutex<Peeked>,
    /// Whether anything was written.
    wrote: AtomicBool,
}

/// What `peek` has read and no read has taken yet.
#[derive(Default)]
struct Peeked {
    bytes: Vec<u8>,
    /// What came after the bytes.
    error: Option<io::Error>,
}

impl Connection {
    pub(super) fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut peeked = self.peeked();
        let known = peeked.bytes.len();
        if known < buffer.len() && peeked.error.is_none() {
            match (&**self).read(&mut buffer[known..]) {
                Ok(more) => peeked.bytes.extend_from_slice(&buffer[known..known + more]),
                Err(error) if known == 0 => return Err(error),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => peeked.error = Some(error),
            }
        }
        Ok(peeked.copy_to(buffer))
    }

    pub(super) fn into_std(mut self) -> TcpStream {
        match self.stream.take() {
            Some(stream) => stream,
            None => unreachable!("only this and `drop` take the stream"),
        }
    }

    fn peeked(&self) -> MutexGuard<'_, Peeked> {
        self.peeked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Read for &Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut peeked = self.peeked();
        if !peeked.bytes.is_empty() {
            let len = peeked.copy_to(buffer);
            peeked.bytes.drain(..len);
            return Ok(len);
        }
        match peeked.error.take() {
            Some(error) => Err(error),
            None => (&***self).read(buffer),
        }
    }

    /// Fills the first buffer that has room: the host takes no more than one.
    fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        match buffers.iter_mut().find(|buffer| !buffer.is_empty()) {
            Some(buffer) => self.read(buffer),
            None => Ok(0),
        }
    }
}

impl Write for &Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = (&***self).write(bytes)?;
        self.wrote.store(true, Ordering::Relaxed);
        Ok(written)
    }

    /// In one write, so that a message of several buffers is not several segments, for which the
    /// peer's delayed acknowledgements would cost 40 ms each.
    fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut filled = buffers.iter().filter(|buffer| !buffer.is_empty());
        let Some(first) = filled.next() else {
            return Ok(0);
        };
        let Some(second) = filled.next() else {
            return self.write(first);
        };
        let mut joined = Vec::with_capacity(first.len().min(MAX_JOINED));
        for buffer in [first, second].into_iter().chain(filled) {
            let room = MAX_JOINED - joined.len();
            joined.extend_from_slice(&buffer[..buffer.len().min(room)]);
        }
        self.write(&joined)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Peeked {
    fn copy_to(&self, buffer: &mut [u8]) -> usize {
        let len = self.bytes.len().min(buffer.len());
        buffer[..len].copy_from_slice(&self.bytes[..len]);
        len
    }
}

impl Deref for Connection {
    type Target = TcpStream;

    fn deref(&self) -> &TcpStream {
        match &self.stream {
            Some(stream) => stream,
            None => unreachable!("only `into_std` and `drop` take the stream"),
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if *self.wrote.get_mut()
            && let Some(stream) = self.stream.take()
        {
            linger::close(stream);
        }
    }
}

impl From<TcpStream> for Connection {
    fn from(stream: TcpStream) -> Self {
        Self {
            stream: Some(stream),
            peeked: Mutex::default(),
            wrote: AtomicBool::new(false),
        }
    }
}

impl From<OwnedFd> for Connection {
    fn from(descriptor: OwnedFd) -> Self {
        TcpStream::from(descriptor).into()
    }
}

impl From<Connection> for OwnedFd {
    fn from(connection: Connection) -> Self {
        connection.into_std().into()
    }
}

impl From<Connection> for TcpStream {
    fn from(connection: Connection) -> Self {
        connection.into_std()
    }
}

impl AsFd for Connection {
    fn as_fd(&self) -> BorrowedFd<'_> {
        (**self).as_fd()
    }
}

impl AsRawFd for Connection {
    fn as_raw_fd(&self) -> RawFd {
        (**self).as_raw_fd()
    }
}

impl IntoRawFd for Connection {
    fn into_raw_fd(self) -> RawFd {
        self.into_std().into_raw_fd()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

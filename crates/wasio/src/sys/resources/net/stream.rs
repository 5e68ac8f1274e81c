//! TCP connections, made and pending.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{self, Shutdown, SocketAddr};
use std::sync::atomic::Ordering;

use super::hop_limit::hop_limit;
use super::std_socket::{self, StdStream};
use crate::io_outcome::IoOutcome;
use crate::net::MaybeStd;
use crate::portable::Direction;
use crate::sys::imp::error::checked;
use crate::sys::imp::net::host_stream::HostHandle;
use crate::sys::imp::target::Target;
use crate::sys::resources::source::{HostSource, host_source};
use crate::sys::{offered_of, total_len};
use crate::{Interest, IoSource};

/// A message of several buffers is copied together up to this length.
const MAX_JOINED: usize = 64 * 1024;

/// A connection of the host's, or of libc's.
pub(crate) enum TcpStream {
    Host(HostHandle),
    Std(Box<dyn std_socket::Stream>),
}

/// How much a vectored read has room for: it fills one buffer.
pub(crate) fn room(buffers: &[IoSliceMut<'_>]) -> usize {
    let filled = buffers.iter().find(|buffer| !buffer.is_empty());
    filled.map_or(0, |buffer| buffer.len())
}

/// How much of the buffers of a write the host is offered.
pub(crate) fn offered(buffers: &[IoSlice<'_>]) -> usize {
    let mut filled = buffers
        .iter()
        .map(|buffer| buffer.len())
        .filter(|len| *len > 0);
    let first = filled.next().unwrap_or(0);
    match total_len(filled) {
        0 => offered_of(first),
        others => first.saturating_add(others).min(MAX_JOINED),
    }
}

// On WASI 0.2 these may change what is registered: a pending connect may have ended.
impl IoSource<TcpStream> {
    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match &**self {
            TcpStream::Host(stream) => stream.read(buffer, self.registration()),
            TcpStream::Std(stream) => stream.read(buffer),
        }
    }

    pub(crate) fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match &**self {
            TcpStream::Host(stream) => stream.peek(buffer, self.registration()),
            TcpStream::Std(stream) => stream.peek(buffer),
        }
    }

    /// Fills the first buffer that has room: the host fills no more than one.
    pub(crate) fn recv_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        match buffers.iter_mut().find(|buffer| !buffer.is_empty()) {
            Some(buffer) => self.recv(buffer),
            None => Ok(0),
        }
    }

    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match &**self {
            TcpStream::Host(stream) => stream.write(bytes, self.registration()),
            TcpStream::Std(stream) => stream.write(bytes),
        }
    }

    /// In one write, so that a message of several buffers is not several segments, for which the
    /// peer's delayed acknowledgements would cost 40 ms each.
    pub(crate) fn send_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut filled = buffers.iter().filter(|buffer| !buffer.is_empty());
        let Some(first) = filled.next() else {
            return Ok(0);
        };
        let Some(second) = filled.next() else {
            return self.send(first);
        };
        let mut joined = Vec::with_capacity(first.len().min(MAX_JOINED));
        for buffer in [first, second].into_iter().chain(filled) {
            let room = MAX_JOINED - joined.len();
            joined.extend_from_slice(&buffer[..buffer.len().min(room)]);
        }
        self.send(&joined)
    }

    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match &**self {
            TcpStream::Host(stream) => stream.shut_down(how, self.registration()),
            TcpStream::Std(stream) => stream.shutdown(how),
        }
    }

    /// The error of a connect. An error of the connection is returned by its next operation.
    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match &**self {
            TcpStream::Host(stream) => match stream.connect_result(self.registration()) {
                Ok(()) => Ok(None),
                Err(error) => match error.kind() {
                    io::ErrorKind::WouldBlock => {
                        self.arm_connect();
                        Ok(None)
                    }
                    // It was taken before.
                    io::ErrorKind::NotConnected => Ok(None),
                    _ => Ok(Some(error)),
                },
            },
            TcpStream::Std(stream) => stream.take_error(),
        }
    }

    /// The connect is pending. If there was an event, the host was wrong, and there must be another:
    /// the program tries no operation, which would arm.
    #[cold]
    fn arm_connect(&self) {
        if let Some(registration) = self.registration() {
            let (selector, key) = (registration.selector(), registration.key());
            for direction in Direction::BOTH {
                selector.after_io(key, direction, IoOutcome::WouldBlock);
            }
        }
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match &**self {
            TcpStream::Host(stream) => stream.local_addr(self.registration()),
            TcpStream::Std(stream) => stream.local_addr(),
        }
    }

    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &**self {
            TcpStream::Host(stream) => stream.peer_addr(self.registration()),
            TcpStream::Std(stream) => stream.peer_addr(),
        }
    }
}

impl TcpStream {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        HostHandle::connect(address).map(Self::Host)
    }

    /// The interface has no such option, and hosts send at once what they are given. As in
    /// wasi-libc it is remembered and changes nothing.
    pub(crate) fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        match self {
            Self::Host(stream) => {
                stream.nodelay.store(nodelay, Ordering::Relaxed);
                Ok(())
            }
            Self::Std(stream) => stream.set_nodelay(nodelay),
        }
    }

    pub(crate) fn nodelay(&self) -> io::Result<bool> {
        match self {
            Self::Host(stream) => Ok(stream.nodelay.load(Ordering::Relaxed)),
            Self::Std(stream) => stream.nodelay(),
        }
    }

    pub(crate) fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        match self {
            Self::Host(stream) => checked(stream.socket.set_hop_limit(hop_limit(ttl)?)),
            Self::Std(stream) => stream.set_ttl(ttl),
        }
    }

    pub(crate) fn ttl(&self) -> io::Result<u32> {
        match self {
            Self::Host(stream) => checked(stream.socket.hop_limit()).map(u32::from),
            Self::Std(stream) => stream.ttl(),
        }
    }
}

impl HostSource for TcpStream {
    fn target(&self, interest: Interest) -> Target {
        match self {
            Self::Host(stream) => stream.target(interest),
            Self::Std(stream) => Target::Descriptor(stream.descriptor()),
        }
    }

    fn std_socket(&self) -> Option<&dyn std_socket::Descriptor> {
        match self {
            Self::Host(_) => None,
            Self::Std(stream) => Some(&**stream),
        }
    }
}

impl MaybeStd<net::TcpStream> for TcpStream {
    fn from_std(stream: net::TcpStream) -> Self {
        Self::Std(Box::new(StdStream::new(stream)))
    }

    fn as_std(&self) -> Option<&net::TcpStream> {
        match self {
            Self::Host(_) => None,
            Self::Std(stream) => Some(stream.stream()),
        }
    }

    fn into_std(self) -> Result<net::TcpStream, Self> {
        match self {
            Self::Host(_) => Err(self),
            Self::Std(stream) => Ok(stream.into_stream()),
        }
    }
}

host_source!(TcpStream);

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(stream) => f.debug_tuple("TcpStream").field(&stream.socket).finish(),
            Self::Std(stream) => stream.fmt(f),
        }
    }
}

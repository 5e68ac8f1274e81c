//! Sockets of the standard library, which wasi-libc made. Behind trait objects, so that a program
//! that has none links neither the code for them nor libc's.

use std::cell::RefMut;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{self, Shutdown, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::sync::atomic::{AtomicBool, Ordering};

use super::linger::{self, Unsent};
use super::peeked::Peeked;
use crate::errors::static_error;
use crate::lock::Lock;
use crate::portable::Key;
use crate::sys::imp::{self, Selector, monotonic_clock};
use crate::sys::poll_fd::PollFd;
use crate::sys::resources::raw;
use crate::{Interest, Mode, Token};

/// A descriptor, and how it is registered.
pub(crate) trait Descriptor: fmt::Debug + Send + Sync {
    fn descriptor(&self) -> RawFd;
    fn register(&self, selector: &Selector, token: Token, interests: Interest) -> io::Result<Key>;
}

impl<T: AsRawFd + fmt::Debug + Send + Sync> Descriptor for T {
    fn descriptor(&self) -> RawFd {
        self.as_raw_fd()
    }

    fn register(&self, selector: &Selector, token: Token, interests: Interest) -> io::Result<Key> {
        selector.register(self.as_raw_fd(), token, interests, Mode::Edge)
    }
}

/// Methods that are those of libc's socket, which `$socket` returns.
macro_rules! forward {
    ($socket:ident: $(fn $name:ident($($argument:ident: $type:ty)?) -> $result:ty;)*) => {$(
        fn $name(&self, $($argument: $type)?) -> io::Result<$result> {
            self.$socket().$name($($argument)?)
        }
    )*};
}

/// A connection of libc's.
pub(crate) trait Stream: Descriptor {
    fn stream(&self) -> &net::TcpStream;
    fn into_stream(self: Box<Self>) -> net::TcpStream;
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;
    fn peek(&self, buffer: &mut [u8]) -> io::Result<usize>;
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;
    fn peer_addr(&self) -> io::Result<SocketAddr>;

    forward! { stream:
        fn shutdown(how: Shutdown) -> ();
        fn take_error() -> Option<io::Error>;
        fn local_addr() -> SocketAddr;
        fn set_nodelay(nodelay: bool) -> ();
        fn nodelay() -> bool;
        fn set_ttl(ttl: u32) -> ();
        fn ttl() -> u32;
    }
}

/// A connection of libc's with what libc does not do: it can be peeked at, and sends what was
/// written before it was dropped.
pub(crate) struct StdStream {
    /// Always there, until `drop` or `into_stream` takes it.
    stream: Option<net::TcpStream>,
    peeked: Lock<Peeked>,
    /// Whether anything was written.
    wrote: AtomicBool,
    /// Whether a listener of libc's has returned it: libc ends the program when it is asked for the
    /// address of a peer that is gone.
    is_accepted: bool,
}

impl StdStream {
    pub(crate) fn new(stream: net::TcpStream) -> Self {
        Self {
            stream: Some(stream),
            peeked: Lock::default(),
            wrote: AtomicBool::new(false),
            is_accepted: false,
        }
    }

    fn accepted(stream: net::TcpStream) -> Self {
        let mut stream = Self::new(stream);
        stream.is_accepted = true;
        stream
    }

    fn peeked(&self) -> RefMut<'_, Peeked> {
        self.peeked.lock()
    }
}

impl Stream for StdStream {
    fn stream(&self) -> &net::TcpStream {
        match &self.stream {
            Some(stream) => stream,
            None => unreachable!("only `drop` and `into_stream` take the stream"),
        }
    }

    fn into_stream(mut self: Box<Self>) -> net::TcpStream {
        match self.stream.take() {
            Some(stream) => stream,
            None => unreachable!("only `drop` and `into_stream` take the stream"),
        }
    }

    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.peeked().take(buffer) {
            Some(known) => known,
            None => self.stream().read(buffer),
        }
    }

    fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut peeked = self.peeked();
        peeked.peek(buffer, |buffer| self.stream().read(buffer))
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stream().write(bytes)?;
        self.wrote.store(true, Ordering::Relaxed);
        Ok(written)
    }

    fn peer_addr(&self) -> io::Result<SocketAddr> {
        if self.is_accepted {
            return Err(static_error(
                io::ErrorKind::Unsupported,
                "wasi-libc would end the program if the peer is gone: to see the addresses of peers, \
                 accept from a listener that `bind` has made",
            ));
        }
        self.stream().peer_addr()
    }
}

impl Drop for StdStream {
    fn drop(&mut self) {
        if *self.wrote.get_mut()
            && let Some(stream) = self.stream.take()
            && !has_room(&stream, 0)
            // It fails for a connection that is gone, which has nothing to send.
            && stream.shutdown(Shutdown::Write).is_ok()
        {
            linger::keep(Box::new(stream));
        }
    }
}

impl AsRawFd for StdStream {
    fn as_raw_fd(&self) -> RawFd {
        self.stream().as_raw_fd()
    }
}

impl fmt::Debug for StdStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stream().fmt(f)
    }
}

impl Unsent for net::TcpStream {
    fn is_sent(&self) -> bool {
        has_room(self, 0)
    }

    fn wait_until(&self, deadline_ns: u64) {
        let left_ns = deadline_ns.saturating_sub(monotonic_clock::now());
        has_room(self, i32::try_from(left_ns / 1_000_000).unwrap_or(i32::MAX));
    }

    fn closes_at_once(&self) -> bool {
        imp::net::closes_at_once()
    }
}

/// Whether the host takes more to send, and so has sent what it took, or never will again.
pub(crate) fn has_room(socket: &impl AsRawFd, timeout_ms: i32) -> bool {
    let mut fds = [PollFd {
        fd: socket.as_raw_fd(),
        events: PollFd::POLLWRNORM,
        revents: 0,
    }];
    !matches!(raw::poll_fds(&mut fds, timeout_ms), Ok(0))
}

/// A listener of libc's.
pub(crate) trait Listener: Descriptor {
    fn listener(&self) -> &net::TcpListener;
    fn into_listener(self: Box<Self>) -> net::TcpListener;
    fn accept(&self) -> io::Result<Box<dyn Stream>>;

    forward! { listener:
        fn local_addr() -> SocketAddr;
        fn set_ttl(ttl: u32) -> ();
        fn ttl() -> u32;
        fn take_error() -> Option<io::Error>;
    }
}

impl Listener for net::TcpListener {
    fn listener(&self) -> &net::TcpListener {
        self
    }

    fn into_listener(self: Box<Self>) -> net::TcpListener {
        *self
    }

    fn accept(&self) -> io::Result<Box<dyn Stream>> {
        let stream = net::TcpStream::from(raw::accept(self.as_fd())?);
        Ok(Box::new(StdStream::accepted(stream)))
    }
}

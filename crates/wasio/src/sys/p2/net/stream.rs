//! TCP connections, made and pending.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{self, Shutdown, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::address;
use super::connecting::{self, Connecting};
use super::connection::{Connection, ConnectionSocket};
use super::handles::Handles;
use super::hop_limit::hop_limit;
use super::linger::{self, Unsent};
use super::network::network;
use super::pending::{self, ConnectOps, PendingConnect};
use super::std_socket::{self, StdStream};
use crate::net::MaybeStd;
use crate::registration::Registration;
use crate::sys::imp::cell::Once;
use crate::sys::imp::error::checked;
use crate::sys::imp::host::Connected;
use crate::sys::imp::owned::Owned;
use crate::sys::imp::ready;
use crate::sys::imp::source::{HostSource, host_source};
use crate::sys::imp::target::Target;
use crate::{Interest, IoSource};
use wasio_bindings::p2::{ShutdownType, TcpSocket, create_tcp_socket, monotonic_clock};

/// A message of several buffers is copied together up to this length.
const MAX_JOINED: usize = 64 * 1024;

/// A connection of the host's, or of libc's.
pub(crate) enum TcpStream {
    Host(HostHandle),
    Std(Box<dyn std_socket::Stream>),
}

/// The one handle of a connection, which lingers when it is dropped.
pub(crate) struct HostHandle(Arc<HostStream>);

pub(crate) struct HostStream {
    // Children before their parent: the host traps otherwise.
    /// Set once there is a connection.
    connection: Once<Connection>,
    /// `None` for one that was accepted.
    pending: Option<Box<dyn ConnectOps>>,
    socket: ConnectionSocket,
    /// What was set: see [`TcpStream::set_nodelay`].
    nodelay: AtomicBool,
}

// These may find that a pending connect has ended, and then change what is registered.
impl IoSource<TcpStream> {
    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match &**self {
            TcpStream::Host(stream) => {
                let registration = self.registration();
                stream.connection(registration)?.read(buffer, registration)
            }
            TcpStream::Std(stream) => stream.read(buffer),
        }
    }

    pub(crate) fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match &**self {
            TcpStream::Host(stream) => {
                let registration = self.registration();
                stream.connection(registration)?.peek(buffer, registration)
            }
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
            TcpStream::Host(stream) => stream.connection(self.registration())?.write(bytes),
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
        let stream = match &**self {
            TcpStream::Host(stream) => stream,
            TcpStream::Std(stream) => return stream.shutdown(how),
        };
        stream.established(self.registration())?;
        checked(stream.socket.shutdown(match how {
            Shutdown::Read => ShutdownType::Receive,
            Shutdown::Write => ShutdownType::Send,
            Shutdown::Both => ShutdownType::Both,
        }))
    }

    /// The error of a connect. An error of the connection is returned by its next operation.
    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match &**self {
            TcpStream::Host(stream) => match stream.connection(self.registration()) {
                Ok(_) => Ok(None),
                Err(error) => match error.kind() {
                    // Pending, or it was taken before.
                    io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected => Ok(None),
                    _ => Ok(Some(error)),
                },
            },
            TcpStream::Std(stream) => stream.take_error(),
        }
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match &**self {
            TcpStream::Host(stream) => {
                stream.poll_connect(self.registration());
                checked(stream.socket.local_address())
            }
            TcpStream::Std(stream) => stream.local_addr(),
        }
    }

    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &**self {
            TcpStream::Host(stream) => {
                stream.established(self.registration())?;
                pending::peer_addr(&stream.socket, stream.pending.as_deref())
            }
            TcpStream::Std(stream) => stream.peer_addr(),
        }
    }
}

impl TcpStream {
    pub(super) fn connect(address: SocketAddr) -> io::Result<Self> {
        let address = address::remote(address);
        let handles = Handles::reserve()?;
        let socket = handles.of(checked(create_tcp_socket(address::family(&address)))?);
        checked(socket.start_connect(network(), address))?;
        let stream = HostStream {
            connection: Once::new(),
            pending: Some(Box::new(PendingConnect::new(&socket, address))),
            socket,
            nodelay: AtomicBool::new(false),
        };
        // wasmtime starts to connect with the first `finish-connect`.
        stream.poll_connect(None);
        let handle = HostHandle(Arc::new(stream));
        if let Some(ended) = handle.pending.as_ref().and_then(|pending| pending.ended()) {
            connecting::add(ended, Arc::<HostStream>::downgrade(&handle.0));
        }
        Ok(Self::Host(handle))
    }

    pub(super) fn accepted(socket: ConnectionSocket, connection: Connection) -> Self {
        Self::Host(HostHandle(Arc::new(HostStream {
            connection: Once::with(connection),
            pending: None,
            socket,
            nodelay: AtomicBool::new(false),
        })))
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

    /// `None` for one of libc's.
    pub(in crate::sys::imp) fn host_socket(&self) -> Option<&TcpSocket> {
        match self {
            Self::Host(stream) => Some(&stream.socket),
            Self::Std(_) => None,
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

impl HostStream {
    /// The connection. `WouldBlock` while the connect is pending, then once the error that ended
    /// it, then `NotConnected`.
    fn connection(&self, registration: Option<&Registration>) -> io::Result<&Connection> {
        match self.connection.get() {
            Some(connection) => Ok(connection),
            None => self.connected(registration),
        }
    }

    #[cold]
    fn connected(&self, registration: Option<&Registration>) -> io::Result<&Connection> {
        self.poll_connect(registration);
        match (self.connection.get(), &self.pending) {
            (Some(connection), _) => Ok(connection),
            (None, Some(pending)) => Err(pending.take_error()),
            (None, None) => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// That there is a connection, for what makes no sense without; takes no error.
    fn established(&self, registration: Option<&Registration>) -> io::Result<()> {
        self.poll_connect(registration);
        let connection = self.connection.get().map(|_| ());
        connection.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Takes the result of a pending connect, if there is one. Returns whether it has connected.
    /// The registration waits for the connection from then on.
    fn finish_connect(&self, registration: Option<&Registration>) -> bool {
        let pending = (self.pending.as_ref()).filter(|_| self.connection.get().is_none());
        pending.is_some_and(|pending| pending.poll(&self.socket, &self.connection, registration))
    }

    /// The same, and drops the pollable of the connect.
    fn poll_connect(&self, registration: Option<&Registration>) {
        if self.finish_connect(registration) {
            self.release();
        }
    }

    /// Whether the host has not sent yet what it took.
    pub(super) fn has_unsent(&self) -> bool {
        (self.connection.get()).is_some_and(Connection::has_unsent)
    }

    /// Has forks forget its pollables. While it lingers, a wait may drop it: too late for that.
    fn leave_forks(&self) {
        if let Some(pending) = &self.pending {
            pending.release();
        }
        if let Some(connection) = self.connection.get() {
            connection.leave_forks();
        }
    }

    /// Ends the sending side. Returns what is ready when all has been sent, or cannot be.
    pub(super) fn end(&self) -> Option<Owned> {
        // It fails for a connection that is gone, which has nothing to send.
        let _ = self.socket.shutdown(ShutdownType::Send);
        Some(self.connection.get()?.subscribe_to_output())
    }
}

impl Connecting for HostStream {
    fn connected(&self, interest: Interest) -> Option<Connected> {
        self.finish_connect(None);
        Some(self.connection.get()?.connected(interest))
    }

    fn release(&self) {
        if let Some(pending) = &self.pending {
            pending.release_unless_forked();
        }
    }
}

impl Deref for HostHandle {
    type Target = HostStream;

    fn deref(&self) -> &HostStream {
        &self.0
    }
}

impl Drop for HostHandle {
    fn drop(&mut self) {
        if self.has_unsent()
            && let Some(sent) = self.end()
        {
            self.leave_forks();
            let stream = Arc::clone(&self.0);
            linger::keep(Box::new(LingeringStream { sent, stream }));
        }
    }
}

struct LingeringStream {
    // Before its parent: the host traps if that goes first.
    sent: Owned,
    stream: Arc<HostStream>,
}

impl Unsent for LingeringStream {
    /// wasmtime notices that it has sent all only when it is polled.
    fn is_sent(&self) -> bool {
        ready::is_ready(self.sent.handle()) && !self.stream.has_unsent()
    }

    fn wait_until(&self, deadline_ns: u64) {
        let deadline = monotonic_clock::subscribe_instant(deadline_ns);
        while !self.is_sent() {
            if ready::is_ready_before(deadline.handle(), self.sent.handle()) {
                return;
            }
        }
    }
}

impl HostSource for TcpStream {
    fn target(&self, interest: Interest) -> Target {
        let stream = match self {
            Self::Host(stream) => stream,
            Self::Std(stream) => return Target::Descriptor(stream.descriptor()),
        };
        if let Some(connection) = stream.connection.get() {
            return connection.target(interest);
        }
        let pending = stream.pending.as_ref();
        pending.map_or(Target::NONE, |pending| pending.target())
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

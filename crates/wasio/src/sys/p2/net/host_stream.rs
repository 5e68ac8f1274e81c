//! Connections of the host's, made and pending, and how they linger.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::connecting::{self, Connecting};
use super::connection::{Connection, ConnectionSocket};
use super::network::network;
use super::pending::{ConnectOps, PendingConnect};
use crate::Interest;
use crate::registration::Registration;
use crate::sys::imp::cell::Once;
use crate::sys::imp::error::checked;
use crate::sys::imp::owned::Owned;
use crate::sys::imp::target::Target;
use crate::sys::imp::{ready, stream};
use crate::sys::resources::net::address;
use crate::sys::resources::net::handles::Handles;
use crate::sys::resources::net::linger::{self, Unsent};
use wasio_bindings::p2::{ShutdownType, TcpSocket, monotonic_clock};

/// The one handle of a connection, which lingers when it is dropped.
pub(crate) struct HostHandle(Arc<HostStream>);

pub(crate) struct HostStream {
    // Children before their parent: the host traps otherwise.
    /// Set once there is a connection.
    connection: Once<Connection>,
    /// `None` for one that was accepted.
    pending: Option<Box<dyn ConnectOps>>,
    pub(crate) socket: ConnectionSocket,
    /// What was set: see [`TcpStream::set_nodelay`](crate::sys::resources::net::stream::TcpStream::set_nodelay).
    pub(crate) nodelay: AtomicBool,
}

impl HostHandle {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        let address = address::remote(address);
        let handles = Handles::reserve()?;
        let socket = handles.of(checked(TcpSocket::create(address::family(&address)))?);
        checked(socket.start_connect(network(), address))?;
        let stream = HostStream {
            connection: Once::new(),
            pending: Some(Box::new(PendingConnect::new(&socket, address))),
            socket,
            nodelay: AtomicBool::new(false),
        };
        // wasmtime starts to connect with the first `finish-connect`.
        stream.poll_connect(None);
        let handle = Self(Arc::new(stream));
        if let Some(ended) = handle.pending.as_ref().and_then(|pending| pending.ended()) {
            connecting::add(ended, Arc::<HostStream>::downgrade(&handle.0));
        }
        Ok(handle)
    }

    pub(super) fn accepted(socket: ConnectionSocket, connection: Connection) -> Self {
        Self(Arc::new(HostStream {
            connection: Once::with(connection),
            pending: None,
            socket,
            nodelay: AtomicBool::new(false),
        }))
    }
}

impl HostStream {
    pub(crate) fn target(&self, interest: Interest) -> Target {
        if let Some(connection) = self.connection.get() {
            return connection.target(interest);
        }
        let pending = self.pending.as_ref();
        pending.map_or(Target::NONE, |pending| pending.target())
    }
}

// These may find that a pending connect has ended, and then change what is registered.
impl HostStream {
    pub(crate) fn read(
        &self,
        buffer: &mut [u8],
        registration: Option<&Registration>,
    ) -> io::Result<usize> {
        self.connection(registration)?.read(buffer, registration)
    }

    pub(crate) fn peek(
        &self,
        buffer: &mut [u8],
        registration: Option<&Registration>,
    ) -> io::Result<usize> {
        self.connection(registration)?.peek(buffer, registration)
    }

    pub(crate) fn write(
        &self,
        bytes: &[u8],
        registration: Option<&Registration>,
    ) -> io::Result<usize> {
        self.connection(registration)?.write(bytes)
    }

    pub(crate) fn shut_down(
        &self,
        how: Shutdown,
        registration: Option<&Registration>,
    ) -> io::Result<()> {
        self.established(registration)?;
        checked(self.socket.shutdown(match how {
            Shutdown::Read => ShutdownType::Receive,
            Shutdown::Write => ShutdownType::Send,
            Shutdown::Both => ShutdownType::Both,
        }))
    }

    /// That there is a connection, or why not. `WouldBlock` while the connect is pending, then once
    /// the error that ended it, then `NotConnected`.
    pub(crate) fn connect_result(&self, registration: Option<&Registration>) -> io::Result<()> {
        self.connection(registration).map(drop)
    }

    pub(crate) fn local_addr(&self, registration: Option<&Registration>) -> io::Result<SocketAddr> {
        self.poll_connect(registration);
        checked(self.socket.local_address())
    }

    pub(crate) fn peer_addr(&self, registration: Option<&Registration>) -> io::Result<SocketAddr> {
        self.established(registration)?;
        let connected_to = self.pending.as_ref().map(|pending| pending.address());
        address::of_peer(checked(self.socket.remote_address()), connected_to)
    }

    fn connection(&self, registration: Option<&Registration>) -> io::Result<&Connection> {
        match self.connection.get() {
            Some(connection) => Ok(connection),
            None => self.connection_now(registration),
        }
    }

    #[cold]
    fn connection_now(&self, registration: Option<&Registration>) -> io::Result<&Connection> {
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
    fn has_unsent(&self) -> bool {
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
    fn end(&self) -> Option<Owned> {
        // It fails for a connection that is gone, which has nothing to send.
        let _ = self.socket.shutdown(ShutdownType::Send);
        Some(self.connection.get()?.subscribe_to_output())
    }
}

impl Connecting for HostStream {
    fn connected(&self, interest: Interest) -> Option<Target> {
        self.finish_connect(None);
        Some(self.connection.get()?.target(interest))
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

    fn closes_at_once(&self) -> bool {
        stream::closes_at_once()
    }
}

//! Connections of the host's: the connect, and the two directions once there is a connection.

use std::io;
use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use super::address;
use super::linger::{self, Unsent};
use crate::Interest;
use crate::lock::{Guard, Lock};
use crate::portable::Until;
use crate::sys::imp::bindings::{
    Called, Connect, Event, NetResult, SocketError, TcpSocket, WireError, monotonic_clock,
};
use crate::sys::imp::clock::Clock;
use crate::sys::imp::error::{checked, of_socket};
use crate::sys::imp::operations::{self, Completes, Part, WeakOwner};
use crate::sys::imp::receiver::Receiver;
use crate::sys::imp::sender::Sender;
use crate::sys::imp::target::Target;

/// The one handle of a connection, which lingers when it is dropped.
pub(crate) struct HostHandle(Arc<HostStream>);

pub(crate) struct HostStream {
    me: Weak<Self>,
    // What has operations in flight goes before its socket: the host fails otherwise.
    phase: Lock<Phase>,
    pub(super) receiver: Receiver<NetResult<()>>,
    pub(super) sender: Sender,
    pub(super) socket: TcpSocket,
    /// `None` for one that was accepted.
    connects_to: Option<Box<SocketAddr>>,
    /// What was set: see [`TcpStream::set_nodelay`](super::stream::TcpStream::set_nodelay).
    nodelay: AtomicBool,
}

#[derive(Debug)]
enum Phase {
    Connecting(Connect),
    /// With the error, until it is taken.
    Failed(Option<io::Error>),
    Connected,
}

impl HostHandle {
    pub(super) fn connect(address: SocketAddr) -> io::Result<Self> {
        let address = address::remote(address);
        let socket = checked(TcpSocket::create(address::family(&address)))?;
        let called = socket.connect(address);
        let stream = HostStream::new(socket, Some(Box::new(address)));
        match called {
            Called::Returned(result) => stream.on_connected(result.map_err(WireError::of_socket)),
            Called::Pending(call) => {
                let waitable = call.waitable();
                *stream.phase() = Phase::Connecting(call);
                operations::add(waitable, &*stream);
            }
        }
        Ok(Self(stream))
    }

    pub(super) fn accepted(socket: TcpSocket) -> Self {
        let stream = HostStream::new(socket, None);
        stream.on_connected(Ok(()));
        Self(stream)
    }
}

impl HostStream {
    fn new(socket: TcpSocket, connects_to: Option<Box<SocketAddr>>) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            phase: Lock::new(Phase::Failed(None)),
            receiver: Receiver::new(of_socket),
            sender: Sender::new(),
            socket,
            connects_to,
            nodelay: AtomicBool::new(false),
        })
    }

    pub(super) fn set_nodelay(&self, nodelay: bool) {
        self.nodelay.store(nodelay, Ordering::Relaxed);
    }

    pub(super) fn nodelay(&self) -> bool {
        self.nodelay.load(Ordering::Relaxed)
    }

    pub(super) fn target(&self, interest: Interest) -> Target {
        if interest.is_readable() && matches!(*self.phase(), Phase::Connected) {
            self.receiver.arm(self);
        }
        Target::Signals([Some(self.receiver.signal()), Some(self.sender.signal())])
    }

    fn phase(&self) -> Guard<'_, Phase> {
        self.phase.lock()
    }

    /// Opens the streams, or keeps the error for the next operation.
    fn on_connected(&self, result: Result<(), SocketError>) {
        match result {
            Ok(()) => {
                *self.phase() = Phase::Connected;
                self.receiver.open(self.socket.receive());
                self.sender.open(self.socket.send());
            }
            Err(error) => {
                *self.phase() = Phase::Failed(Some(of_socket(error)));
                self.receiver.set_ready();
                self.sender.set_ready();
            }
        }
    }

    /// That there is a connection. `WouldBlock` while the connect is pending, then once the error
    /// that ended it, then `NotConnected`.
    pub(super) fn connected(&self) -> io::Result<()> {
        self.take_up_connect();
        match &mut *self.phase() {
            Phase::Connected => Ok(()),
            Phase::Connecting(_) => Err(io::ErrorKind::WouldBlock.into()),
            Phase::Failed(error) => {
                let error = error.take();
                Err(error.unwrap_or_else(|| io::ErrorKind::NotConnected.into()))
            }
        }
    }

    /// The same, for what makes no sense without; takes no error.
    pub(super) fn established(&self) -> io::Result<()> {
        self.take_up_connect();
        match *self.phase() {
            Phase::Connected => Ok(()),
            Phase::Connecting(_) | Phase::Failed(_) => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.established()?;
        match (checked(self.socket.remote_address()), &self.connects_to) {
            // A host forgets the address when the peer resets. A program that asks for it to see
            // whether it is connected would wait for that forever.
            (Err(_), Some(address)) => Ok(**address),
            (address, _) => address,
        }
    }

    /// Takes up the end of a pending connect, if the host has it.
    fn take_up_connect(&self) {
        if matches!(*self.phase(), Phase::Connecting(_)) {
            operations::progress();
        }
    }
}

impl Completes for HostStream {
    fn complete(&self, event: Event) {
        if self.receiver.complete(self, event) || self.sender.complete(self, event) {
            return;
        }
        let phase = std::mem::replace(&mut *self.phase(), Phase::Failed(None));
        let Phase::Connecting(call) = phase else {
            *self.phase() = phase;
            return;
        };
        match call.returned(event) {
            Ok(result) => {
                self.on_connected(result.map_err(WireError::of_socket));
                if matches!(*self.phase(), Phase::Connected) {
                    self.receiver.arm(self);
                }
            }
            Err(call) => {
                operations::add(call.waitable(), self);
                *self.phase() = Phase::Connecting(call);
            }
        }
    }

    fn start_deferred(&self) {
        self.receiver.start_deferred(self);
    }

    fn weak(&self) -> WeakOwner {
        self.me.clone()
    }
}

impl Drop for HostStream {
    fn drop(&mut self) {
        if let Phase::Connecting(call) = &*self.phase.lock() {
            operations::remove(call.waitable());
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
        if self.sender.has_unsent() {
            self.sender.close();
            linger::keep(Box::new(LingeringStream(Arc::clone(&self.0))));
        }
    }
}

struct LingeringStream(Arc<HostStream>);

impl Unsent for LingeringStream {
    fn is_sent(&self) -> bool {
        !self.0.sender.has_unsent()
    }

    fn wait_until(&self, deadline_ns: u64) {
        let clock = Clock::new();
        while !self.is_sent() && monotonic_clock::now() < deadline_ns {
            if clock.block(Until::At(deadline_ns)).is_err() {
                return;
            }
        }
    }
}

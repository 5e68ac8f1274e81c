//! Connections of the host's: the connect, and the two directions once there is a connection.

use std::io;
use std::net::{Shutdown, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::Interest;
use crate::lock::{Guard, Lock};
use crate::portable::{Direction, Directions};
use crate::registration::Registration;
use crate::sys::imp::alone::Part;
use crate::sys::imp::bindings::{Called, Connect, Event, NetResult, SocketResult, TcpSocket};
use crate::sys::imp::error::{checked, of_socket};
use crate::sys::imp::operations;
use crate::sys::imp::receiver::Receiver;
use crate::sys::imp::sender::Sender;
use crate::sys::imp::signals::{self, Completes, Signal};
use crate::sys::imp::target::Target;
use crate::sys::imp::unsent;
use crate::sys::resources::net::address;
use crate::sys::resources::net::handles::{Counted, Handles};
use crate::sys::resources::net::linger::{self, Unsent};

/// The socket of a connection. It has a stream of each direction, and one has a future of its end.
pub(crate) type ConnectionSocket = Counted<TcpSocket, 4>;

/// The one handle of a connection, which lingers when it is dropped.
pub(crate) struct HostHandle(Arc<HostStream>);

pub(crate) struct HostStream {
    signal: Signal,
    // What has operations in flight goes before its socket: the host fails otherwise.
    state: Lock<State>,
    pub(crate) socket: ConnectionSocket,
    /// `None` for one that was accepted.
    connects_to: Option<Box<SocketAddr>>,
    /// What was set: see [`TcpStream::set_nodelay`](crate::sys::resources::net::stream::TcpStream::set_nodelay).
    pub(crate) nodelay: AtomicBool,
}

struct State {
    phase: Phase,
    receiver: Receiver<NetResult<()>>,
    sender: Sender,
}

enum Phase {
    Connecting(Connect),
    /// With the error, until it is taken.
    Failed(Option<io::Error>),
    Connected,
}

impl HostHandle {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        let address = address::remote(address);
        let handles = Handles::reserve()?;
        let socket = handles.of(checked(TcpSocket::create(address::family(&address)))?);
        let called = socket.connect(address);
        let stream = HostStream::new(socket, Some(Box::new(address)));
        match called {
            Called::Returned(result) => stream.on_connected(&mut stream.state(), result),
            Called::Pending(call) => {
                operations::add(call.waitable(), &stream.signal);
                stream.state().phase = Phase::Connecting(call);
            }
        }
        Ok(Self(stream))
    }

    pub(super) fn accepted(socket: ConnectionSocket) -> Self {
        let stream = HostStream::new(socket, None);
        stream.on_connected(&mut stream.state(), Ok(()));
        Self(stream)
    }
}

impl HostStream {
    fn new(socket: ConnectionSocket, connects_to: Option<Box<SocketAddr>>) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            signal: Signal::new(me, Directions::NONE),
            state: Lock::new(State {
                phase: Phase::Failed(None),
                receiver: Receiver::new(of_socket),
                sender: Sender::default(),
            }),
            socket,
            connects_to,
            nodelay: AtomicBool::new(false),
        })
    }

    pub(crate) fn target(&self, interest: Interest) -> Target {
        let state = &mut *self.state();
        let is_read = Directions::of(interest).contains(Direction::Read);
        if is_read && matches!(state.phase, Phase::Connected) {
            state.receiver.arm(&self.signal);
        }
        Target::Signal(self.signal.id())
    }

    fn state(&self) -> Guard<'_, State> {
        self.state.lock()
    }

    /// Opens the streams, or keeps the error for the next operation.
    fn on_connected(&self, state: &mut State, result: SocketResult<()>) {
        match result {
            Ok(()) => {
                state.phase = Phase::Connected;
                state.receiver.open(self.socket.receive());
                state.sender.open(self.socket.send());
            }
            Err(error) => {
                state.phase = Phase::Failed(Some(of_socket(error)));
                self.signal.set(Direction::Read, true);
            }
        }
        self.signal.set(Direction::Write, true);
    }

    // WASI 0.2 may change what is registered in these. A signal stays the same: `_registration` is
    // not used.

    pub(crate) fn read(
        &self,
        target: &mut [u8],
        _registration: Option<&Registration>,
    ) -> io::Result<usize> {
        operations::retried_if(self.awaits_read(), || {
            self.connected()?.receiver.read(&self.signal, target)
        })
    }

    pub(crate) fn peek(
        &self,
        target: &mut [u8],
        _registration: Option<&Registration>,
    ) -> io::Result<usize> {
        // There may be less than `target` has room for, and more on its way.
        if self.awaits_read() {
            operations::progress();
        }
        self.connected()?.receiver.peek(&self.signal, target)
    }

    pub(crate) fn write(
        &self,
        bytes: &[u8],
        _registration: Option<&Registration>,
    ) -> io::Result<usize> {
        operations::retried(|| self.connected()?.sender.write(&self.signal, bytes))
    }

    pub(crate) fn shut_down(
        &self,
        how: Shutdown,
        _registration: Option<&Registration>,
    ) -> io::Result<()> {
        let state = &mut *self.established()?;
        if matches!(how, Shutdown::Read | Shutdown::Both) {
            state.receiver.shut_down(&self.signal);
        }
        if matches!(how, Shutdown::Write | Shutdown::Both) {
            state.sender.close();
        }
        Ok(())
    }

    /// That there is a connection, or why not. `WouldBlock` while the connect is pending, then once
    /// the error that ended it, then `NotConnected`.
    pub(crate) fn connect_result(&self, _registration: Option<&Registration>) -> io::Result<()> {
        operations::retried(|| self.connected().map(drop))
    }

    pub(crate) fn local_addr(
        &self,
        _registration: Option<&Registration>,
    ) -> io::Result<SocketAddr> {
        checked(self.socket.local_address())
    }

    pub(crate) fn peer_addr(&self, _registration: Option<&Registration>) -> io::Result<SocketAddr> {
        drop(self.established()?);
        let connected_to = self.connects_to.as_deref().copied();
        address::of_peer(checked(self.socket.remote_address()), connected_to)
    }

    /// Whether what a read needs is in flight: the connect, or the read itself.
    fn awaits_read(&self) -> bool {
        let state = self.state();
        matches!(state.phase, Phase::Connecting(_)) || state.receiver.is_busy()
    }

    /// The state of what is connected. `WouldBlock` while the connect is pending, then once the error
    /// that ended it, then `NotConnected`.
    fn connected(&self) -> io::Result<Guard<'_, State>> {
        let mut state = self.state();
        let error = match &mut state.phase {
            Phase::Connected => return Ok(state),
            Phase::Connecting(_) => Some(io::ErrorKind::WouldBlock.into()),
            Phase::Failed(error) => error.take(),
        };
        Err(error.unwrap_or_else(|| io::ErrorKind::NotConnected.into()))
    }

    /// The same, for what makes no sense without; takes no error.
    fn established(&self) -> io::Result<Guard<'_, State>> {
        if matches!(self.state().phase, Phase::Connecting(_)) {
            operations::progress();
        }
        let state = self.state();
        if matches!(state.phase, Phase::Connected) {
            return Ok(state);
        }
        Err(io::ErrorKind::NotConnected.into())
    }
}

impl Completes for HostStream {
    fn complete(&self, event: Event) {
        let state = &mut *self.state();
        if let Phase::Connecting(call) = &mut state.phase {
            if let Some(result) = call.returned(event) {
                self.on_connected(state, result);
            }
            if matches!(state.phase, Phase::Connected) {
                state.receiver.arm(&self.signal);
            }
        } else if !state.receiver.complete(&self.signal, event) {
            state.sender.complete(&self.signal, event);
        }
    }

    fn start_deferred(&self) {
        self.state().receiver.start_deferred(&self.signal);
    }

    fn has_unsent(&self) -> bool {
        self.state().sender.is_busy()
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
        if self.has_unsent() {
            self.state().sender.close();
            // Forks have it registered still, and nobody would read what they report.
            signals::unwatch_all(self.signal.id());
            linger::keep(Box::new(Lingering(Arc::clone(&self.0))));
        }
    }
}

/// What a dropped source still sends.
pub(super) struct Lingering<T>(pub(super) Arc<T>);

impl<T: Completes> Unsent for Lingering<T> {
    fn is_sent(&self) -> bool {
        !self.0.has_unsent()
    }

    fn wait_until(&self, deadline_ns: u64) {
        unsent::wait_until(deadline_ns, || self.is_sent());
    }

    fn closes_at_once(&self) -> bool {
        true
    }
}

//! TCP sockets that listen: one accept is in flight whenever no connection is there.

use std::fmt;
use std::io;
use std::net::{self, SocketAddr};
use std::sync::Arc;

use super::hop_limit::hop_limit;
use super::stream::TcpStream;
use super::{address, std_socket};
use crate::Interest;
use crate::lock::{Guard, Lock};
use crate::net::MaybeStd;
use crate::portable::{Direction, Directions};
use crate::sys::imp::bindings::{Accepted, ErrorCode, Event, Incoming, SocketResult, TcpSocket};
use crate::sys::imp::error::{checked, of_socket};
use crate::sys::imp::operations;
use crate::sys::imp::signals::{Completes, Signal};
use crate::sys::imp::source::{HostSource, host_source};
use crate::sys::imp::target::Target;

/// Connections that the host keeps before they are accepted; it may limit them to fewer.
const BACKLOG: u64 = 1024;

/// The peers that have gone already and that one accept passes over: a flood of them must not keep
/// the program in it.
const MOST_GONE: usize = 16;

/// A listener of the host's, or of libc's.
pub(crate) enum TcpListener {
    Host(Arc<Host>),
    Std(Box<dyn std_socket::Listener>),
}

pub(crate) struct Host {
    signal: Signal,
    // Before its socket.
    state: Lock<State>,
    socket: TcpSocket,
}

struct State {
    incoming: Incoming,
    phase: Phase,
}

enum Phase {
    Idle,
    /// An accept is in flight.
    Accepting,
    /// What it came to.
    Accepted(Accepted),
}

impl Host {
    fn bind(address: SocketAddr) -> SocketResult<Arc<Self>> {
        let socket = TcpSocket::create(address::family(&address))?;
        socket.bind(address)?;
        socket.set_listen_backlog_size(BACKLOG)?;
        let state = Lock::new(State {
            incoming: socket.listen()?,
            phase: Phase::Idle,
        });
        Ok(Arc::new_cyclic(|me| Self {
            signal: Signal::new(me, Directions::NONE),
            state,
            socket,
        }))
    }

    fn state(&self) -> Guard<'_, State> {
        self.state.lock()
    }

    /// Has an accept in flight, unless a connection is there.
    fn arm(&self, state: &mut State) {
        if matches!(state.phase, Phase::Idle) {
            state.phase = match state.incoming.start() {
                Some(accepted) => Phase::Accepted(accepted),
                None => {
                    operations::add(state.incoming.waitable(), &self.signal);
                    Phase::Accepting
                }
            };
        }
        let is_ready = matches!(state.phase, Phase::Accepted(_));
        self.signal.set(Direction::Read, is_ready);
    }

    /// Takes a connection that is there, if there is one.
    fn take(&self) -> io::Result<TcpSocket> {
        let state = &mut *self.state();
        let mut taken = None;
        if let Phase::Accepted(accepted) = &mut state.phase {
            // Where the host listens no more, that stays.
            taken = Some(accepted.take().ok_or(io::ErrorKind::NotConnected)?);
            state.phase = Phase::Idle;
        }
        self.arm(state);
        taken.ok_or_else(|| io::ErrorKind::WouldBlock.into())
    }

    fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        for _ in 0..MOST_GONE {
            let socket = operations::retried(|| self.take())?;
            match socket.remote_address() {
                Ok(peer) => return Ok((TcpStream::accepted(socket), peer)),
                // As on WASI 0.2 the program does not see a peer that has reset its connection.
                Err(error) if error.code == ErrorCode::InvalidState => {}
                // An accept that failed is handed out as a socket that has an error.
                Err(error) => return Err(of_socket(error)),
            }
        }
        Err(io::ErrorKind::ConnectionAborted.into())
    }
}

impl Completes for Host {
    fn complete(&self, event: Event) {
        let state = &mut *self.state();
        if let Some(accepted) = state.incoming.ended(event) {
            state.phase = Phase::Accepted(accepted);
        }
        self.arm(state);
    }
}

impl TcpListener {
    pub(super) fn bind(address: SocketAddr) -> io::Result<Self> {
        checked(Host::bind(address)).map(Self::Host)
    }

    pub(crate) fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match self {
            Self::Host(host) => host.accept(),
            Self::Std(listener) => {
                // Without the address, even of a peer that is there: libc ends the program when it
                // is asked for that of a peer that is gone.
                Ok((TcpStream::Std(listener.accept()?), address::UNKNOWN))
            }
        }
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Host(host) => checked(host.socket.local_address()),
            Self::Std(listener) => listener.local_addr(),
        }
    }

    pub(crate) fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        match self {
            Self::Host(host) => checked(host.socket.set_hop_limit(hop_limit(ttl)?)),
            Self::Std(listener) => listener.set_ttl(ttl),
        }
    }

    pub(crate) fn ttl(&self) -> io::Result<u32> {
        match self {
            Self::Host(host) => checked(host.socket.hop_limit()).map(u32::from),
            Self::Std(listener) => listener.ttl(),
        }
    }

    /// `None` for one of libc's.
    pub(in crate::sys::imp) fn host_socket(&self) -> Option<&TcpSocket> {
        match self {
            Self::Host(host) => Some(&host.socket),
            Self::Std(_) => None,
        }
    }

    /// The host keeps none.
    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match self {
            Self::Host(_) => Ok(None),
            Self::Std(listener) => listener.take_error(),
        }
    }
}

impl HostSource for TcpListener {
    fn target(&self, _interest: Interest) -> Target {
        match self {
            Self::Host(host) => {
                host.arm(&mut host.state());
                Target::Signal(host.signal.id())
            }
            Self::Std(listener) => Target::Descriptor(listener.descriptor()),
        }
    }

    fn std_socket(&self) -> Option<&dyn std_socket::Descriptor> {
        match self {
            Self::Host(_) => None,
            Self::Std(listener) => Some(&**listener),
        }
    }
}

impl MaybeStd<net::TcpListener> for TcpListener {
    fn from_std(listener: net::TcpListener) -> Self {
        Self::Std(Box::new(listener))
    }

    fn as_std(&self) -> Option<&net::TcpListener> {
        match self {
            Self::Host(_) => None,
            Self::Std(listener) => Some(listener.listener()),
        }
    }

    fn into_std(self) -> Result<net::TcpListener, Self> {
        match self {
            Self::Host(_) => Err(self),
            Self::Std(listener) => Ok(listener.into_listener()),
        }
    }
}

host_source!(TcpListener);

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => f.debug_tuple("TcpListener").field(&host.socket).finish(),
            Self::Std(listener) => listener.fmt(f),
        }
    }
}

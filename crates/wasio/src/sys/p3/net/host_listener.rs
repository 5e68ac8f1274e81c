//! The host's listeners: one accept is in flight whenever no connection is there.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use super::host_stream::{ConnectionSocket, HostHandle};
use crate::lock::{Guard, Lock};
use crate::portable::{Direction, Directions};
use crate::sys::imp::bindings::{Accepted, ErrorCode, Event, Incoming, SocketResult, TcpSocket};
use crate::sys::imp::error::{checked, of_socket};
use crate::sys::imp::operations;
use crate::sys::imp::signals::{Completes, Signal};
use crate::sys::imp::target::Target;
use crate::sys::resources::net::address::{self, MOST_GONE};
use crate::sys::resources::net::handles::{Counted, Handles};

pub(crate) struct HostListener(Arc<Host>);

struct Host {
    signal: Signal,
    // Before its socket.
    state: Lock<State>,
    /// It has a stream of connections, and one of those before the program takes it.
    socket: Counted<TcpSocket, 3>,
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

impl HostListener {
    /// Lets the host keep up to `backlog` connections before they are accepted.
    pub(crate) fn bind(address: SocketAddr, backlog: u64) -> io::Result<Self> {
        let address = address::local(address);
        let handles = Handles::reserve()?;
        let (incoming, socket) = checked(listening(address, backlog))?;
        let state = State {
            incoming,
            phase: Phase::Idle,
        };
        Ok(Self(Arc::new_cyclic(|me| Host {
            signal: Signal::new(me, Directions::NONE),
            state: Lock::new(state),
            socket: handles.of(socket),
        })))
    }

    pub(crate) fn accept(&self) -> io::Result<(HostHandle, SocketAddr)> {
        for _ in 0..MOST_GONE {
            let socket = operations::retried(|| self.0.take())?;
            match socket.remote_address() {
                Ok(peer) => return Ok((HostHandle::accepted(socket), peer)),
                // As on WASI 0.2 the program does not see a peer that has reset its connection.
                Err(error) if error.code == ErrorCode::InvalidState => {}
                // An accept that failed is handed out as a socket that has an error.
                Err(error) => return Err(of_socket(error)),
            }
        }
        Err(io::ErrorKind::ConnectionAborted.into())
    }

    pub(crate) fn target(&self) -> Target {
        self.0.arm(&mut self.0.state());
        Target::Signal(self.0.signal.id())
    }

    pub(crate) fn socket(&self) -> &TcpSocket {
        &self.0.socket
    }
}

fn listening(address: SocketAddr, backlog: u64) -> SocketResult<(Incoming, TcpSocket)> {
    let socket = TcpSocket::create(address::family(&address))?;
    socket.bind(address)?;
    socket.set_listen_backlog_size(backlog)?;
    Ok((socket.listen()?, socket))
}

impl Host {
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

    /// Takes a connection that is there, if there is one. At the limit of handles it stays.
    fn take(&self) -> io::Result<ConnectionSocket> {
        let state = &mut *self.state();
        let mut taken = None;
        if let Phase::Accepted(accepted) = &mut state.phase {
            let handles = Handles::reserve()?;
            match accepted.take() {
                Some(socket) => taken = Some(handles.of(socket)),
                None if state.incoming.is_over() => return Err(io::ErrorKind::NotConnected.into()),
                // An accept that moved nothing says nothing of the next one.
                None => {}
            }
            state.phase = Phase::Idle;
        }
        self.arm(state);
        taken.ok_or_else(|| io::ErrorKind::WouldBlock.into())
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

//! Outgoing connects. Behind a trait object, so that a server that never connects does not link
//! them.

use std::cell::RefMut;
use std::io;
use std::net::SocketAddr;

use super::connecting::Ended;
use super::connection::Connection;
use crate::lock::Lock;
use crate::registration::Registration;
use crate::sys::imp::cell::Once;
use crate::sys::imp::error;
use crate::sys::imp::host::Handle;
use crate::sys::imp::owned;
use crate::sys::imp::target::Target;
use wasio_bindings::p2::{ErrorCode, TcpSocket};

/// What a stream needs of a connect that was started.
pub(super) trait ConnectOps: Send + Sync {
    /// Sets `connection` if the host has connected, and returns whether it has just now. The
    /// registration waits for the connection from then on. Never blocks.
    fn poll(
        &self,
        socket: &TcpSocket,
        connection: &Once<Connection>,
        registration: Option<&Registration>,
    ) -> bool;

    /// The pollable that is ready when the connect has ended; `None` once it was let go of.
    fn ended(&self) -> Option<Handle>;

    /// Drops that: no registration names it any more, and forks forget it.
    fn release(&self);

    /// Drops that, unless a fork may still wait for it: then it is dropped with the stream.
    fn release_unless_forked(&self) {
        if !owned::has_forks() {
            self.release();
        }
    }

    /// Why there is no connection: `WouldBlock` while the connect is pending, then once the error
    /// that ended it, then `NotConnected`.
    fn take_error(&self) -> io::Error;

    /// The address that is connected to.
    fn address(&self) -> SocketAddr;

    /// Ready in both directions when the connect has ended, as a failure is reported in both.
    fn target(&self) -> Target;
}

pub(super) struct PendingConnect {
    address: SocketAddr,
    state: Lock<State>,
}

struct State {
    /// Ready when the connect has ended; `None` once the connection's pollables replace it.
    ended: Option<Ended>,
    phase: Phase,
}

enum Phase {
    Pending,
    /// The error, until it is taken.
    Failed(Option<ErrorCode>),
    Connected,
}

impl PendingConnect {
    /// Of a socket whose connect was started.
    pub(super) fn new(socket: &TcpSocket, address: SocketAddr) -> Self {
        let state = State {
            ended: Some(Ended::new(socket.subscribe())),
            phase: Phase::Pending,
        };
        Self {
            address,
            state: Lock::new(state),
        }
    }

    fn state(&self) -> RefMut<'_, State> {
        self.state.lock()
    }
}

impl ConnectOps for PendingConnect {
    fn poll(
        &self,
        socket: &TcpSocket,
        connection: &Once<Connection>,
        registration: Option<&Registration>,
    ) -> bool {
        let mut state = self.state();
        if !matches!(state.phase, Phase::Pending) {
            return false;
        }
        match socket.finish_connect() {
            Err(ErrorCode::WouldBlock) => {}
            Err(code) => state.phase = Phase::Failed(Some(code)),
            Ok((input, output)) => {
                state.phase = Phase::Connected;
                // It was empty: nothing else sets it.
                let connection = connection.get_or_init(|| Connection::new(input, output));
                drop(state);
                connection.on_connected(registration);
                return true;
            }
        }
        false
    }

    fn ended(&self) -> Option<Handle> {
        self.state().ended.as_ref().map(Ended::handle)
    }

    fn release(&self) {
        // Dropped when nothing is borrowed.
        let ended = self.state().ended.take();
        drop(ended);
    }

    fn take_error(&self) -> io::Error {
        match &mut self.state().phase {
            Phase::Pending => io::ErrorKind::WouldBlock.into(),
            Phase::Failed(code) => match code.take() {
                Some(code) => error::of_code(code),
                None => io::ErrorKind::NotConnected.into(),
            },
            Phase::Connected => io::ErrorKind::NotConnected.into(),
        }
    }

    fn address(&self) -> SocketAddr {
        self.address
    }

    fn target(&self) -> Target {
        let ended = self.ended();
        Target::pollables(ended, ended)
    }
}

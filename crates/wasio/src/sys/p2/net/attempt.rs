//! The way to a connection, behind a table of functions: a program that only accepts is linked
//! without it.

use std::cell::RefMut;
use std::io;

use wasip2::sockets::network::ErrorCode;
use wasip2::sockets::tcp::TcpSocket;

use super::stream::Connection;
use crate::lock::Lock;
use crate::portable::Key;
use crate::sys::imp::Selector;
use crate::sys::imp::error;
use crate::sys::imp::owned::Owned;
use crate::sys::imp::raw::Once;
use crate::sys::imp::target::Target;

/// What a stream asks of the attempt that it may be.
pub(super) trait Attempting: Send + Sync {
    /// Sets `connection` if the host says that the attempt has succeeded.
    fn try_finish(&self, socket: &TcpSocket, connection: &Once<Connection>);
    /// The same, and says why there is no connection: `WouldBlock` while the attempt lasts, then once
    /// the reason why it failed, then `NotConnected`.
    fn finish(&self, socket: &TcpSocket, connection: &Once<Connection>) -> io::Result<()>;
    /// What is ready when the attempt is over, in both directions, as a failure shows in both.
    fn target(&self) -> Target;
    fn set_registration(&self, registration: Option<(&Selector, Key)>);
}

pub(super) struct Attempt(Lock<State>);

struct State {
    /// Ready when the attempt is over.
    over: Option<Owned>,
    /// Where the stream is registered: its pollables change with the end of the attempt.
    registration: Option<(Selector, Key)>,
    phase: Phase,
}

enum Phase {
    Pending,
    /// The error is kept until somebody takes it.
    Failed(Option<ErrorCode>),
    Connected,
}

impl Attempt {
    /// Of a socket that was told to connect.
    pub(super) fn new(socket: &TcpSocket) -> Self {
        Self(Lock::new(State {
            over: Some(Owned::new(socket.subscribe())),
            registration: None,
            phase: Phase::Pending,
        }))
    }

    fn state(&self) -> RefMut<'_, State> {
        self.0.lock()
    }
}

impl Attempting for Attempt {
    fn try_finish(&self, socket: &TcpSocket, connection: &Once<Connection>) {
        let mut state = self.state();
        if !matches!(state.phase, Phase::Pending) {
            return;
        }
        match socket.finish_connect() {
            Err(ErrorCode::WouldBlock) => {}
            Err(code) => state.phase = Phase::Failed(Some(code)),
            Ok((input, output)) => {
                state.phase = Phase::Connected;
                // It was empty: nothing else sets it.
                let connection = connection.get_or_init(|| Connection::new(input, output).warmed());
                let registration = state.registration.take();
                connection.set_registration(registration.as_ref().map(|(by, key)| (by, *key)));
                connection.begin();
                // Nobody names it any more.
                state.over = None;
            }
        }
    }

    fn finish(&self, socket: &TcpSocket, connection: &Once<Connection>) -> io::Result<()> {
        self.try_finish(socket, connection);
        Err(match &mut self.state().phase {
            Phase::Connected => return Ok(()),
            Phase::Failed(code) => match code.take() {
                Some(code) => error::of_code(code),
                None => io::ErrorKind::NotConnected.into(),
            },
            Phase::Pending => io::ErrorKind::WouldBlock.into(),
        })
    }

    fn target(&self) -> Target {
        let over = self.state().over.as_ref().map(|over| over.handle());
        Target::pollables(over, over)
    }

    fn set_registration(&self, registration: Option<(&Selector, Key)>) {
        self.state().registration = registration.map(|(selector, key)| (selector.clone(), key));
    }
}

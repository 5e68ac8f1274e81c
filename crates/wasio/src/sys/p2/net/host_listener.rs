//! The host's listeners.

use std::io;
use std::net::SocketAddr;

use super::connection::Connection;
use super::host_stream::HostHandle;
use super::network::network;
use crate::sys::imp::cell::Once;
use crate::sys::imp::error::checked;
use crate::sys::imp::owned::Owned;
use crate::sys::imp::target::Target;
use crate::sys::resources::net::address::{self, MOST_GONE};
use crate::sys::resources::net::handles::{Counted, Handles};
use wasio_bindings::p2::{ErrorCode, TcpSocket};

pub(crate) struct HostListener {
    // Before its socket: the host traps if that goes first.
    readable: Once<Owned>,
    /// It has a pollable, which the poll borrows.
    socket: Counted<TcpSocket, 3>,
}

impl HostListener {
    /// Lets the host keep up to `backlog` connections before they are accepted.
    pub(crate) fn bind(address: SocketAddr, backlog: u64) -> io::Result<Self> {
        let address = address::local(address);
        let handles = Handles::reserve()?;
        Ok(Self {
            readable: Once::new(),
            socket: handles.of(checked(listening(address, backlog))?),
        })
    }

    pub(crate) fn accept(&self) -> io::Result<(HostHandle, SocketAddr)> {
        // A peer that has reset its connection has no address any more, and takes no answer: as on
        // BSD the program does not see it.
        for _ in 0..MOST_GONE {
            let handles = Handles::reserve()?;
            let (socket, input, output) = checked(self.socket.accept())?;
            if let Ok(peer) = socket.remote_address() {
                let connection = Connection::new(input, output);
                return Ok((HostHandle::accepted(handles.of(socket), connection), peer));
            }
        }
        Err(io::ErrorKind::ConnectionAborted.into())
    }

    pub(crate) fn target(&self) -> Target {
        let readable = &self.readable;
        let readable = readable.get_or_init(|| Owned::new(self.socket.subscribe()));
        Target::pollables(Some(readable.handle()), None)
    }

    pub(crate) fn socket(&self) -> &TcpSocket {
        &self.socket
    }
}

fn listening(address: SocketAddr, backlog: u64) -> Result<TcpSocket, ErrorCode> {
    let socket = TcpSocket::create(address::family(&address))?;
    socket.start_bind(network(), address)?;
    finish(&socket, TcpSocket::finish_bind)?;
    socket.set_listen_backlog_size(backlog)?;
    socket.start_listen()?;
    finish(&socket, TcpSocket::finish_listen)?;
    Ok(socket)
}

/// Ends an operation that the interface splits in two although hosts do it at once.
fn finish(
    socket: &TcpSocket,
    finish: impl Fn(&TcpSocket) -> Result<(), ErrorCode>,
) -> Result<(), ErrorCode> {
    loop {
        match finish(socket) {
            Err(ErrorCode::WouldBlock) => wait_for(socket),
            result => return result,
        }
    }
}

#[cold]
fn wait_for(socket: &TcpSocket) {
    socket.subscribe().block();
}

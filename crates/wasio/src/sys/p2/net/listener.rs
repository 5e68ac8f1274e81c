//! TCP sockets that listen.

use std::fmt;
use std::io;
use std::net::{self, SocketAddr};

use super::hop_limit::hop_limit;
use super::network::network;
use super::stream::TcpStream;
use super::{address, std_socket};
use crate::Interest;
use crate::net::MaybeStd;
use crate::sys::imp::cell::Once;
use crate::sys::imp::error::checked;
use crate::sys::imp::owned::Owned;
use crate::sys::imp::source::{HostSource, host_source};
use crate::sys::imp::target::Target;
use wasio_bindings::p2::{ErrorCode, TcpSocket, create_tcp_socket};

/// Connections that the host keeps before they are accepted; it may limit them to fewer.
const BACKLOG: u64 = 1024;

/// A listener of the host's, or of libc's.
pub(crate) enum TcpListener {
    Host(Host),
    Std(Box<dyn std_socket::Listener>),
}

pub(crate) struct Host {
    // Before its socket: the host traps if that goes first.
    readable: Once<Owned>,
    socket: TcpSocket,
}

impl Host {
    fn bind(address: SocketAddr) -> Result<Self, ErrorCode> {
        let socket = create_tcp_socket(address::family(&address))?;
        socket.start_bind(network(), address)?;
        finish(&socket, TcpSocket::finish_bind)?;
        socket.set_listen_backlog_size(BACKLOG)?;
        socket.start_listen()?;
        finish(&socket, TcpSocket::finish_listen)?;
        Ok(Self {
            readable: Once::new(),
            socket,
        })
    }
}

impl TcpListener {
    pub(super) fn bind(address: SocketAddr) -> io::Result<Self> {
        checked(Host::bind(address)).map(Self::Host)
    }

    pub(crate) fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match self {
            // A peer that has reset its connection has no address any more, and takes no answer: as
            // on BSD the program does not see it.
            Self::Host(host) => loop {
                let (socket, input, output) = checked(host.socket.accept())?;
                if let Ok(peer) = socket.remote_address() {
                    break Ok((TcpStream::accepted(socket, input, output), peer));
                }
            },
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

impl HostSource for TcpListener {
    fn target(&self, _interest: Interest) -> Target {
        match self {
            Self::Host(host) => {
                let readable = &host.readable;
                let readable = readable.get_or_init(|| Owned::new(host.socket.subscribe()));
                Target::pollables(Some(readable.handle()), None)
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

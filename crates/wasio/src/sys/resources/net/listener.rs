//! TCP sockets that listen.

use std::fmt;
use std::io;
use std::net::{self, SocketAddr};

use super::hop_limit::hop_limit;
use super::stream::TcpStream;
use super::{address, std_socket};
use crate::Interest;
use crate::net::MaybeStd;
use crate::sys::imp::error::checked;
use crate::sys::imp::net::host_listener::HostListener;
use crate::sys::imp::target::Target;
use crate::sys::resources::source::{HostSource, host_source};

/// Connections that the host keeps before they are accepted; it may limit them to fewer.
const BACKLOG: u64 = 1024;

/// A listener of the host's, or of libc's.
pub(crate) enum TcpListener {
    Host(HostListener),
    Std(Box<dyn std_socket::Listener>),
}

impl TcpListener {
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        HostListener::bind(address, BACKLOG).map(Self::Host)
    }

    pub(crate) fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        match self {
            Self::Host(host) => {
                let (stream, peer) = host.accept()?;
                Ok((TcpStream::Host(stream), peer))
            }
            Self::Std(listener) => {
                // Without the address, even of a peer that is there: libc ends the program when it
                // is asked for that of a peer that is gone.
                Ok((TcpStream::Std(listener.accept()?), address::UNKNOWN))
            }
        }
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Host(host) => checked(host.socket().local_address()),
            Self::Std(listener) => listener.local_addr(),
        }
    }

    pub(crate) fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        match self {
            Self::Host(host) => checked(host.socket().set_hop_limit(hop_limit(ttl)?)),
            Self::Std(listener) => listener.set_ttl(ttl),
        }
    }

    pub(crate) fn ttl(&self) -> io::Result<u32> {
        match self {
            Self::Host(host) => checked(host.socket().hop_limit()).map(u32::from),
            Self::Std(listener) => listener.ttl(),
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
            Self::Host(host) => host.target(),
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
            Self::Host(host) => f.debug_tuple("TcpListener").field(host.socket()).finish(),
            Self::Std(listener) => listener.fmt(f),
        }
    }
}

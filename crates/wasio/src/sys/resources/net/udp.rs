//! UDP sockets.

use std::fmt;
use std::io;
use std::net::{self, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;

use super::address;
use super::hop_limit::hop_limit;
use super::std_socket::Descriptor;
use super::std_udp::StdUdp;
use crate::errors::static_error;
use crate::net::MaybeStd;
use crate::sys::imp::IpAddressFamily;
use crate::sys::imp::error::checked;
use crate::sys::imp::net::datagrams::{HostUdp, OwnedUdp};
use crate::sys::imp::target::Target;
use crate::sys::resources::host_error::unsupported;
use crate::sys::resources::source::{HostSource, host_source};
use crate::{Interest, IoSource};

/// A socket of the host's, or of libc's.
pub(crate) enum UdpSocket {
    Host(OwnedUdp),
    Std(StdUdp),
}

// On WASI 0.2 these may change what is registered.
impl IoSource<UdpSocket> {
    pub(crate) fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match &**self {
            UdpSocket::Host(host) => host.receive(buffer, self.registration()),
            UdpSocket::Std(std) => std.receive(buffer),
        }
    }

    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv_from(buffer).map(|(len, _)| len)
    }

    pub(crate) fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match &**self {
            UdpSocket::Host(host) => host.peek(buffer, self.registration()),
            UdpSocket::Std(std) => std.peek(buffer),
        }
    }

    pub(crate) fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.peek_from(buffer).map(|(len, _)| len)
    }

    pub(crate) fn connect(&self, address: SocketAddr) -> io::Result<()> {
        let address = address::remote(address);
        match &**self {
            UdpSocket::Host(host) => host.connect(address, self.registration()),
            UdpSocket::Std(std) => std.connect(address),
        }
    }
}

impl UdpSocket {
    pub(crate) fn bind(address: SocketAddr) -> io::Result<Self> {
        HostUdp::bind(address).map(Self::Host)
    }

    pub(crate) fn send_to(&self, bytes: &[u8], target: SocketAddr) -> io::Result<usize> {
        let target = address::remote(target);
        match self {
            Self::Host(host) => host.send(bytes, Some(target)),
            Self::Std(std) => std.send(|socket| socket.send_to(bytes, target)),
        }
    }

    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Host(host) => host.send(bytes, None),
            Self::Std(std) => std.send(|socket| socket.send(bytes)),
        }
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Host(host) => checked(host.socket.local_address()),
            Self::Std(std) => std.socket.local_addr(),
        }
    }

    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Host(host) => checked(host.socket.remote_address()),
            Self::Std(std) => std.socket.peer_addr(),
        }
    }

    pub(crate) fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        match self {
            Self::Host(host) => checked(host.socket.set_unicast_hop_limit(hop_limit(ttl)?)),
            Self::Std(std) => std.socket.set_ttl(ttl),
        }
    }

    pub(crate) fn ttl(&self) -> io::Result<u32> {
        match self {
            Self::Host(host) => checked(host.socket.unicast_hop_limit()).map(u32::from),
            Self::Std(std) => std.socket.ttl(),
        }
    }

    /// Always, for IPv6: the interface has no dual-stack sockets.
    pub(crate) fn only_v6(&self) -> io::Result<bool> {
        match self {
            Self::Host(host) if host.family() == IpAddressFamily::Ipv6 => Ok(true),
            Self::Host(_) => Err(static_error(
                io::ErrorKind::InvalidInput,
                "the socket is IPv4, and IPV6_V6ONLY is an option of IPv6 sockets",
            )),
            Self::Std(_) => Err(unsupported(
                "WASI 0.2 and 0.3 cannot read IPV6_V6ONLY of a socket of `std::net`: \
                 make the socket with `wasio::net::UdpSocket::bind`",
            )),
        }
    }

    /// The host keeps none, and libc refuses the question.
    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(None)
    }
}

/// What the interface does not have.
macro_rules! unsupported_options {
    ($($name:ident($($argument:ty),*) -> $result:ty;)*) => {
        impl UdpSocket {$(
            pub(crate) fn $name(&self, $(_: $argument),*) -> io::Result<$result> {
                Err(unsupported(
                    "WASI 0.2 and 0.3 have neither broadcast nor multicast: send to each receiver",
                ))
            }
        )*}
    };
}

unsupported_options! {
    set_broadcast(bool) -> ();
    broadcast() -> bool;
    set_multicast_loop_v4(bool) -> ();
    multicast_loop_v4() -> bool;
    set_multicast_ttl_v4(u32) -> ();
    multicast_ttl_v4() -> u32;
    set_multicast_loop_v6(bool) -> ();
    multicast_loop_v6() -> bool;
    join_multicast_v4(&Ipv4Addr, &Ipv4Addr) -> ();
    join_multicast_v6(&Ipv6Addr, u32) -> ();
    leave_multicast_v4(&Ipv4Addr, &Ipv4Addr) -> ();
    leave_multicast_v6(&Ipv6Addr, u32) -> ();
}

impl HostSource for UdpSocket {
    fn target(&self, interest: Interest) -> Target {
        match self {
            Self::Host(host) => host.target(interest),
            Self::Std(std) => Target::Descriptor(std.socket.as_raw_fd()),
        }
    }

    fn std_socket(&self) -> Option<&dyn Descriptor> {
        match self {
            Self::Host(_) => None,
            Self::Std(std) => Some(&std.socket),
        }
    }
}

impl MaybeStd<net::UdpSocket> for UdpSocket {
    fn from_std(socket: net::UdpSocket) -> Self {
        Self::Std(StdUdp::new(socket))
    }

    fn as_std(&self) -> Option<&net::UdpSocket> {
        match self {
            Self::Host(_) => None,
            Self::Std(std) => Some(&std.socket),
        }
    }

    fn into_std(self) -> Result<net::UdpSocket, Self> {
        match self {
            Self::Host(_) => Err(self),
            Self::Std(std) => Ok(std.socket),
        }
    }
}

host_source!(UdpSocket);

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => f.debug_tuple("UdpSocket").field(&host.socket).finish(),
            Self::Std(std) => std.socket.fmt(f),
        }
    }
}

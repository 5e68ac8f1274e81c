//! UDP sockets.

use std::cell::RefMut;
use std::fmt;
use std::io;
use std::net::{self, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;

use super::address;
use super::datagrams::{Datagram, HostUdp};
use super::hop_limit::hop_limit;
use super::std_socket::Descriptor;
use super::std_udp;
use crate::errors::static_error;
use crate::lock::Lock;
use crate::net::MaybeStd;
use crate::portable::Direction;
use crate::sys::imp::error::{checked, unsupported};
use crate::sys::imp::ready;
use crate::sys::imp::source::{HostSource, host_source};
use crate::sys::imp::target::Target;
use crate::{Interest, IoSource};
use wasio_bindings::p2::{IpAddressFamily, UdpSocket as HostSocket};

pub(crate) struct UdpSocket {
    kind: Kind,
    /// What a peek received, for the next receive: neither the host nor libc can leave it.
    peeked: Lock<Option<Datagram>>,
}

/// A socket of the host's, or of libc's.
enum Kind {
    Host(Box<HostUdp>),
    Std(net::UdpSocket),
}

// These may change the pollables that are registered.
impl IoSource<UdpSocket> {
    pub(crate) fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let peeked = self.peeked().take();
        if let Some((bytes, from)) = peeked {
            // Waits for the host again.
            self.update_target();
            return Ok((std_udp::copy(&bytes, buffer), from));
        }
        match &self.kind {
            Kind::Host(host) => {
                let (bytes, from) = host.receive()?;
                Ok((std_udp::copy(&bytes, buffer), from))
            }
            Kind::Std(socket) => socket.recv_from(buffer),
        }
    }

    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv_from(buffer).map(|(len, _)| len)
    }

    pub(crate) fn connect(&self, address: SocketAddr) -> io::Result<()> {
        let address = address::remote(address);
        match &self.kind {
            Kind::Host(host) => {
                if let Some(registration) = self.registration() {
                    (registration.selector()).set_source(registration.key(), Target::NONE);
                }
                let result = host.connect(address);
                if result.is_ok() {
                    // It may be from another sender.
                    *self.peeked() = None;
                }
                self.update_target();
                result
            }
            Kind::Std(socket) => {
                socket.connect(address)?;
                *self.peeked() = None;
                Ok(())
            }
        }
    }

    /// Registers the pollables that there are now.
    fn update_target(&self) {
        if let Kind::Host(host) = &self.kind
            && let Some(registration) = self.registration()
        {
            let (selector, key) = (registration.selector(), registration.key());
            if let Some(interest) = selector.interest(key) {
                selector.set_source(key, self.host_target(host, interest));
            }
        }
    }
}

impl UdpSocket {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            peeked: Lock::new(None),
        }
    }

    pub(super) fn bind(address: SocketAddr) -> io::Result<Self> {
        HostUdp::bind(address).map(|host| Self::new(Kind::Host(Box::new(host))))
    }

    fn peeked(&self) -> RefMut<'_, Option<Datagram>> {
        self.peeked.lock()
    }

    pub(crate) fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let mut peeked = self.peeked();
        if peeked.is_none() {
            *peeked = Some(match &self.kind {
                Kind::Host(host) => host.receive()?,
                Kind::Std(socket) => std_udp::receive(socket)?,
            });
        }
        match &*peeked {
            Some((bytes, from)) => Ok((std_udp::copy(bytes, buffer), *from)),
            None => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    pub(crate) fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.peek_from(buffer).map(|(len, _)| len)
    }

    pub(crate) fn send_to(&self, bytes: &[u8], target: SocketAddr) -> io::Result<usize> {
        let target = address::remote(target);
        match &self.kind {
            Kind::Host(host) => host.send(bytes, Some(target)),
            Kind::Std(socket) => std_udp::send(socket, || socket.send_to(bytes, target)),
        }
    }

    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.kind {
            Kind::Host(host) => host.send(bytes, None),
            Kind::Std(socket) => std_udp::send(socket, || socket.send(bytes)),
        }
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match &self.kind {
            Kind::Host(host) => checked(host.socket.local_address()),
            Kind::Std(socket) => socket.local_addr(),
        }
    }

    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &self.kind {
            Kind::Host(host) => checked(host.socket.remote_address()),
            Kind::Std(socket) => socket.peer_addr(),
        }
    }

    pub(crate) fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        match &self.kind {
            Kind::Host(host) => checked(host.socket.set_unicast_hop_limit(hop_limit(ttl)?)),
            Kind::Std(socket) => socket.set_ttl(ttl),
        }
    }

    pub(crate) fn ttl(&self) -> io::Result<u32> {
        match &self.kind {
            Kind::Host(host) => checked(host.socket.unicast_hop_limit()).map(u32::from),
            Kind::Std(socket) => socket.ttl(),
        }
    }

    /// Always, for IPv6: the interface has no dual-stack sockets.
    pub(crate) fn only_v6(&self) -> io::Result<bool> {
        match &self.kind {
            Kind::Host(host) if host.socket.address_family() == IpAddressFamily::Ipv6 => Ok(true),
            Kind::Host(_) => Err(static_error(
                io::ErrorKind::InvalidInput,
                "the socket is IPv4, and IPV6_V6ONLY is an option of IPv6 sockets",
            )),
            Kind::Std(_) => Err(unsupported(
                "WASI 0.2 cannot read IPV6_V6ONLY of a socket of `std::net`: \
                 make the socket with `wasio::net::UdpSocket::bind`",
            )),
        }
    }

    /// The host keeps none, and libc refuses the question.
    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        Ok(None)
    }

    /// `None` for one of libc's.
    pub(in crate::sys::imp) fn host_socket(&self) -> Option<&HostSocket> {
        match &self.kind {
            Kind::Host(host) => Some(&host.socket),
            Kind::Std(_) => None,
        }
    }

    fn host_target(&self, host: &HostUdp, interest: Interest) -> Target {
        let readable = host.pollable(Direction::Read, interest);
        let writable = host.pollable(Direction::Write, interest);
        // The host knows nothing of a datagram that was received from it.
        let is_peeked = self.peeked().is_some();
        let readable = if is_peeked {
            Some(ready::always_ready())
        } else {
            readable
        };
        Target::pollables(readable, writable)
    }
}

/// What the interface does not have.
macro_rules! unsupported_options {
    ($($name:ident($($argument:ty),*) -> $result:ty;)*) => {
        impl UdpSocket {$(
            pub(crate) fn $name(&self, $(_: $argument),*) -> io::Result<$result> {
                Err(unsupported(
                    "WASI 0.2 has neither broadcast nor multicast: send to each receiver",
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
        match &self.kind {
            Kind::Host(host) => self.host_target(host, interest),
            Kind::Std(socket) => Target::Descriptor(socket.as_raw_fd()),
        }
    }

    fn std_socket(&self) -> Option<&dyn Descriptor> {
        match &self.kind {
            Kind::Host(_) => None,
            Kind::Std(socket) => Some(socket),
        }
    }
}

impl MaybeStd<net::UdpSocket> for UdpSocket {
    fn from_std(socket: net::UdpSocket) -> Self {
        std_udp::open(&socket);
        Self::new(Kind::Std(socket))
    }

    fn as_std(&self) -> Option<&net::UdpSocket> {
        match &self.kind {
            Kind::Host(_) => None,
            Kind::Std(socket) => Some(socket),
        }
    }

    fn into_std(self) -> Result<net::UdpSocket, Self> {
        match self.kind {
            Kind::Host(_) => Err(self),
            Kind::Std(socket) => Ok(socket),
        }
    }
}

host_source!(UdpSocket);

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Host(host) => f.debug_tuple("UdpSocket").field(&host.socket).finish(),
            Kind::Std(socket) => socket.fmt(f),
        }
    }
}

//! UDP sockets.

use std::cell::RefMut;
use std::fmt;
use std::io;
use std::net::{self, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd;

use wasip2::clocks::monotonic_clock;
use wasip2::sockets::network::{ErrorCode, IpAddressFamily};
use wasip2::sockets::udp::{
    IncomingDatagramStream, OutgoingDatagram, OutgoingDatagramStream, UdpSocket as HostSocket,
};
use wasip2::sockets::udp_create_socket::create_udp_socket;

use super::std_socket::Descriptor;
use super::{address, checked, hop_limit, unsupported};
use crate::lock::Lock;
use crate::registration::Registration;
use crate::sys::imp::owned::Owned;
use crate::sys::imp::ready;
use crate::sys::imp::source::{Pollables, pollable_source};
use crate::sys::imp::target::Target;
use crate::{Interest, IoSource};

/// What wasmtime 48 is given to let go of a socket: it receives in the background, ends that some
/// time after the stream was dropped, and traps if the socket is connected before.
const LET_GO_NS: u64 = 2_000_000;

/// A socket of the host's, or of libc's.
pub(crate) enum UdpSocket {
    Host(Box<Host>),
    Std(net::UdpSocket),
}

pub(crate) struct Host {
    // Children before their parent: the host traps otherwise.
    state: Lock<State>,
    socket: HostSocket,
}

struct State {
    /// `None` only while `connect` replaces them.
    streams: Option<Streams>,
    /// What `peek` took from the host and nobody has received yet.
    peeked: Option<Datagram>,
}

/// The bytes, and who sent them.
type Datagram = (Vec<u8>, SocketAddr);

struct Streams {
    readable: Option<Owned>,
    writable: Option<Owned>,
    incoming: IncomingDatagramStream,
    outgoing: OutgoingDatagramStream,
    /// Whether the host was asked for a datagram, or when there is one.
    is_receiving: bool,
}

// These may change the pollables that are registered.
impl IoSource<UdpSocket> {
    pub(crate) fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match &**self {
            UdpSocket::Host(host) => {
                let mut state = host.state();
                let (bytes, from) = match state.peeked.take() {
                    Some(datagram) => {
                        // Waits for the host again.
                        state.update_target(self.registration());
                        datagram
                    }
                    None => state.receive()?,
                };
                Ok((copy(&bytes, buffer), from))
            }
            UdpSocket::Std(socket) => socket.recv_from(buffer),
        }
    }

    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match &**self {
            UdpSocket::Host(host) => {
                host.check_connected()?;
                self.recv_from(buffer).map(|(len, _)| len)
            }
            UdpSocket::Std(socket) => socket.recv(buffer),
        }
    }

    pub(crate) fn connect(&self, address: SocketAddr) -> io::Result<()> {
        match &**self {
            UdpSocket::Host(host) => host.connect(address, self.registration()),
            UdpSocket::Std(socket) => socket.connect(address),
        }
    }
}

impl UdpSocket {
    pub(super) fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = checked(create_udp_socket(address::family(&address)))?;
        checked(socket.start_bind(address::network(), address::to_host(address)))?;
        loop {
            match socket.finish_bind() {
                Err(ErrorCode::WouldBlock) => socket.subscribe().block(),
                result => break checked(result)?,
            }
        }
        let streams = Streams::open(&socket, None)?;
        Ok(Self::Host(Box::new(Host {
            state: Lock::new(State {
                streams: Some(streams),
                peeked: None,
            }),
            socket,
        })))
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Host(host) => checked(host.socket.local_address()).map(address::from_host),
            Self::Std(socket) => socket.local_addr(),
        }
    }

    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Host(host) => checked(host.socket.remote_address()).map(address::from_host),
            Self::Std(socket) => socket.peer_addr(),
        }
    }

    pub(crate) fn send_to(&self, bytes: &[u8], target: SocketAddr) -> io::Result<usize> {
        match self {
            Self::Host(host) => host.send(bytes, Some(target)),
            Self::Std(socket) => socket.send_to(bytes, target),
        }
    }

    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Host(host) => {
                host.check_connected()?;
                host.send(bytes, None)
            }
            Self::Std(socket) => socket.send(bytes),
        }
    }

    pub(crate) fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match self {
            Self::Host(host) => {
                let mut state = host.state();
                let datagram = match state.peeked.take() {
                    Some(datagram) => datagram,
                    None => state.receive()?,
                };
                let (bytes, from) = state.peeked.insert(datagram);
                Ok((copy(bytes, buffer), *from))
            }
            Self::Std(socket) => socket.peek_from(buffer),
        }
    }

    pub(crate) fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Host(host) => {
                host.check_connected()?;
                self.peek_from(buffer).map(|(len, _)| len)
            }
            Self::Std(socket) => socket.peek(buffer),
        }
    }

    pub(crate) fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        match self {
            Self::Host(host) => checked(host.socket.set_unicast_hop_limit(hop_limit(ttl)?)),
            Self::Std(socket) => socket.set_ttl(ttl),
        }
    }

    pub(crate) fn ttl(&self) -> io::Result<u32> {
        match self {
            Self::Host(host) => checked(host.socket.unicast_hop_limit()).map(u32::from),
            Self::Std(socket) => socket.ttl(),
        }
    }

    /// Always, for IPv6: the interface says so.
    pub(crate) fn only_v6(&self) -> io::Result<bool> {
        match self {
            Self::Host(host) if host.socket.address_family() == IpAddressFamily::Ipv6 => Ok(true),
            Self::Host(_) => Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "the socket is not for IPv6",
            )),
            Self::Std(_) => Err(unsupported("way to ask a socket of libc for IPV6_V6ONLY")),
        }
    }

    /// `None` for one of libc's.
    pub(in crate::sys::imp) fn host_socket(&self) -> Option<&HostSocket> {
        match self {
            Self::Host(host) => Some(&host.socket),
            Self::Std(_) => None,
        }
    }

    /// The host keeps none.
    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match self {
            Self::Host(_) => Ok(None),
            Self::Std(socket) => socket.take_error(),
        }
    }
}

/// What the interface does not have.
macro_rules! unsupported_options {
    ($($name:ident($($argument:ty),*) -> $result:ty;)*) => {
        impl UdpSocket {$(
            pub(crate) fn $name(&self, $(_: $argument),*) -> io::Result<$result> {
                Err(unsupported("broadcast or multicast"))
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

impl Host {
    fn state(&self) -> RefMut<'_, State> {
        self.state.lock()
    }

    fn check_connected(&self) -> io::Result<()> {
        match self.socket.remote_address() {
            Ok(_) => Ok(()),
            Err(_) => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    fn send(&self, bytes: &[u8], target: Option<SocketAddr>) -> io::Result<usize> {
        let mut state = self.state();
        let outgoing = &state.streams()?.outgoing;
        if checked(outgoing.check_send())? == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let datagram = OutgoingDatagram {
            data: bytes.to_vec(),
            remote_address: target.map(address::to_host),
        };
        match checked(outgoing.send(&[datagram]))? {
            0 => Err(io::ErrorKind::WouldBlock.into()),
            _ => Ok(bytes.len()),
        }
    }

    /// The streams are of one destination: others take their place.
    fn connect(&self, address: SocketAddr, registration: Option<&Registration>) -> io::Result<()> {
        let mut state = self.state();
        if let Some(registration) = registration {
            (registration.selector()).set_source(registration.key(), Target::NONE);
        }
        if state
            .streams
            .take()
            .is_some_and(|streams| streams.is_receiving)
        {
            monotonic_clock::subscribe_duration(LET_GO_NS).block();
        }
        let result = match Streams::open(&self.socket, Some(address)) {
            Ok(streams) => {
                state.streams = Some(streams);
                // Datagrams of others, taken before, are not for a connected socket.
                state.peeked = None;
                Ok(())
            }
            Err(error) => {
                state.streams = Streams::open(&self.socket, None).ok();
                Err(error)
            }
        };
        state.update_target(registration);
        result
    }
}

impl State {
    fn streams(&mut self) -> io::Result<&mut Streams> {
        let lost = || io::Error::from(io::ErrorKind::NotConnected);
        self.streams.as_mut().ok_or_else(lost)
    }

    /// One datagram: what is taken from the host and kept here no poll would report.
    fn receive(&mut self) -> io::Result<Datagram> {
        let streams = self.streams()?;
        streams.is_receiving = true;
        let mut datagrams = checked(streams.incoming.receive(1))?;
        let datagram = datagrams.pop().ok_or(io::ErrorKind::WouldBlock)?;
        Ok((datagram.data, address::from_host(datagram.remote_address)))
    }

    fn target(&mut self, interest: Interest) -> Target {
        let Some(streams) = &mut self.streams else {
            return Target::NONE;
        };
        if interest.is_readable() && streams.readable.is_none() {
            streams.readable = Some(Owned::new(streams.incoming.subscribe()));
            streams.is_receiving = true;
        }
        if interest.is_writable() && streams.writable.is_none() {
            streams.writable = Some(Owned::new(streams.outgoing.subscribe()));
        }
        let handle = |pollable: &Option<Owned>| pollable.as_ref().map(|owned| owned.handle());
        // The host knows nothing of a datagram that was taken from it.
        let readable = match &self.peeked {
            None => handle(&streams.readable),
            Some(_) => Some(ready::always_ready()),
        };
        Target::pollables(readable, handle(&streams.writable))
    }

    /// Registers the pollables that there are now.
    fn update_target(&mut self, registration: Option<&Registration>) {
        if let Some(registration) = registration {
            let (selector, key) = (registration.selector(), registration.key());
            if let Some(interest) = selector.interest(key) {
                selector.set_source(key, self.target(interest));
            }
        }
    }
}

impl Streams {
    fn open(socket: &HostSocket, remote: Option<SocketAddr>) -> io::Result<Self> {
        let (incoming, outgoing) = checked(socket.stream(remote.map(address::to_host)))?;
        // There is room from the start, as soon as the host has noticed.
        outgoing.subscribe().block();
        Ok(Self {
            readable: None,
            writable: None,
            incoming,
            outgoing,
            is_receiving: false,
        })
    }
}

/// A datagram in a buffer; what there is no room for is lost.
fn copy(datagram: &[u8], buffer: &mut [u8]) -> usize {
    let len = datagram.len().min(buffer.len());
    buffer[..len].copy_from_slice(&datagram[..len]);
    len
}

impl Pollables for UdpSocket {
    fn target(&self, interest: Interest) -> Target {
        match self {
            Self::Host(host) => host.state().target(interest),
            Self::Std(socket) => Target::Descriptor(socket.as_raw_fd()),
        }
    }

    fn std_socket(&self) -> Option<&dyn Descriptor> {
        match self {
            Self::Host(_) => None,
            Self::Std(socket) => Some(socket),
        }
    }
}

pollable_source!(UdpSocket);

/// The socket must be non-blocking.
impl From<net::UdpSocket> for UdpSocket {
    fn from(socket: net::UdpSocket) -> Self {
        Self::Std(socket)
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => f.debug_tuple("UdpSocket").field(&host.socket).finish(),
            Self::Std(socket) => socket.fmt(f),
        }
    }
}

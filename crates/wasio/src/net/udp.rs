use std::io;
use std::net::{self, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::options::buffer_options;
use super::socket::{forward, own_operations, socket};
use crate::IoSource;
use crate::io_outcome::IoOutcome;
use crate::portable::Direction;
use crate::sys;

/// A UDP socket.
///
/// A datagram is received once: what a buffer has no room for is lost on Unix, and an error on
/// Windows (`WSAEMSGSIZE`).
///
/// # Platform behaviour
///
/// WASI 0.1 has no UDP: [`bind`](Self::bind), and every call on a socket that came from
/// elsewhere, is [`Unsupported`](io::ErrorKind::Unsupported). On wasmtime 46 a datagram that came
/// back makes the socket readable, and the error is returned only with the next datagram: until then
/// there is an event in vain now and then.
///
/// # Examples
///
/// ```
/// # #[cfg(not(target_env = "p1"))]
/// # fn main() -> std::io::Result<()> {
/// use wasio::net::UdpSocket;
/// use wasio::{Events, Interest, Poll, Token};
///
/// let mut receiver = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
/// let sender = UdpSocket::bind("127.0.0.1:0".parse().unwrap())?;
/// sender.connect(receiver.local_addr()?)?;
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// poll.registry().register(&mut receiver, Token(0), Interest::READABLE)?;
///
/// assert_eq!(sender.send(b"hello")?, 5);
/// poll.poll(&mut events, None)?;
/// let mut buffer = [0; 64];
/// let (received, from) = receiver.recv_from(&mut buffer)?;
/// assert_eq!((&buffer[..received], from), (&b"hello"[..], sender.local_addr()?));
/// # Ok(())
/// # }
/// # #[cfg(target_env = "p1")]
/// # fn main() {}
/// ```
pub struct UdpSocket {
    inner: IoSource<sys::net::UdpSocket>,
}

impl UdpSocket {
    /// Opens a socket on `address`. Port 0 is any free port: [`local_addr`](Self::local_addr)
    /// returns it.
    ///
    /// # Errors
    ///
    /// Those of the host; WASI 0.1: [`Unsupported`](io::ErrorKind::Unsupported).
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        sys::net::bind_udp(address).map(Self::from_backend)
    }

    /// The address given to [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if there is none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// Sends a datagram to `target`.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room; those of the host. WASI 0.2
    /// and some others: [`InvalidInput`](io::ErrorKind::InvalidInput) for a socket that is connected.
    pub fn send_to(&self, bytes: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.write(|socket| socket.send_to(bytes, target))
    }

    /// Receives a datagram. Returns its length and its sender.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none; those of the host.
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read(|socket| socket.recv_from(buffer))
    }

    /// As [`recv_from`](Self::recv_from), and leaves the datagram where it is.
    ///
    /// # Errors
    ///
    /// As [`recv_from`](Self::recv_from).
    pub fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.read(|socket| socket.peek_from(buffer))
    }

    /// Sends a datagram to the address given to [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room; those of the host.
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.write(|socket| socket.send(bytes))
    }

    /// Receives a datagram from the address given to [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none; those of the host:
    /// [`ConnectionRefused`](io::ErrorKind::ConnectionRefused) if a datagram came back.
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read(|socket| socket.recv(buffer))
    }

    /// As [`recv`](Self::recv), and leaves the datagram where it is.
    ///
    /// # Errors
    ///
    /// As [`recv`](Self::recv).
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read(|socket| socket.peek(buffer))
    }

    forward! {
        "Those of the host.";

        /// Sets where [`send`](Self::send) sends to. Only datagrams from there are received.
        fn connect(address: SocketAddr) -> ();

        /// Allows or forbids sending to a broadcast address.
        fn set_broadcast(on: bool) -> ();

        /// Whether sending to a broadcast address is allowed.
        fn broadcast() -> bool;

        /// Sets whether multicast datagrams come back to their sender's host (IPv4).
        fn set_multicast_loop_v4(on: bool) -> ();

        /// Whether multicast datagrams come back to their sender's host (IPv4).
        fn multicast_loop_v4() -> bool;

        /// Sets the number of hops that multicast datagrams may take (IPv4).
        fn set_multicast_ttl_v4(ttl: u32) -> ();

        /// The number of hops that multicast datagrams may take (IPv4).
        fn multicast_ttl_v4() -> u32;

        /// Sets whether multicast datagrams come back to their sender's host (IPv6).
        fn set_multicast_loop_v6(on: bool) -> ();

        /// Whether multicast datagrams come back to their sender's host (IPv6).
        fn multicast_loop_v6() -> bool;

        /// Joins a multicast group on the interface with the address `interface`; `0.0.0.0` lets
        /// the host choose.
        fn join_multicast_v4(group: &Ipv4Addr, interface: &Ipv4Addr) -> ();

        /// Joins a multicast group on the interface with the index `interface`; 0 is any.
        fn join_multicast_v6(group: &Ipv6Addr, interface: u32) -> ();

        /// Leaves a group that [`join_multicast_v4`](Self::join_multicast_v4) joined.
        fn leave_multicast_v4(group: &Ipv4Addr, interface: &Ipv4Addr) -> ();

        /// Leaves a group that [`join_multicast_v6`](Self::join_multicast_v6) joined.
        fn leave_multicast_v6(group: &Ipv6Addr, interface: u32) -> ();
    }

    /// Whether the socket is for IPv6 only (`IPV6_V6ONLY`).
    ///
    /// # Errors
    ///
    /// That of the host for a socket that is not IPv6.
    pub fn only_v6(&self) -> io::Result<bool> {
        self.inner.only_v6()
    }

    /// A datagram of any length leaves it open whether there is another one.
    fn read<R>(
        &self,
        f: impl FnOnce(&IoSource<sys::net::UdpSocket>) -> io::Result<R>,
    ) -> io::Result<R> {
        self.inner
            .try_io(Direction::Read, f, |_| IoOutcome::Complete)
    }

    fn write<R>(
        &self,
        f: impl FnOnce(&IoSource<sys::net::UdpSocket>) -> io::Result<R>,
    ) -> io::Result<R> {
        self.inner
            .try_io(Direction::Write, f, |_| IoOutcome::Complete)
    }
}

own_operations!(UdpSocket);
buffer_options!(UdpSocket);
socket!(UdpSocket, net::UdpSocket);

use std::fmt;
use std::io;
use std::net::{self, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, PoisonError};

use socket2::SockRef;
use wasio::{Interest, IoSource};

use crate::source::{descriptor, into_std, source};

/// The longest datagram.
const LONGEST: usize = 64 * 1024;

/// A UDP socket. What a buffer has no room for is lost.
///
/// # Platform behaviour
///
/// The host has no broadcast and no multicast: libc refuses those options.
pub struct UdpSocket {
    inner: IoSource<Datagrams>,
}

/// A socket of libc's, and what `peek` has received and no other call has taken yet.
struct Datagrams {
    socket: net::UdpSocket,
    peeked: Mutex<Option<(Vec<u8>, SocketAddr)>>,
}

impl UdpSocket {
    /// Opens a socket on `address`. Port 0 is any free port: [`local_addr`](Self::local_addr) tells.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = net::UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        Ok(Self::from_std(socket))
    }

    /// A socket of the standard library as a source. It must be non-blocking:
    /// [`set_nonblocking`](net::UdpSocket::set_nonblocking).
    #[must_use]
    pub fn from_std(socket: net::UdpSocket) -> Self {
        Self {
            inner: IoSource::new(socket.into()),
        }
    }

    /// The address of this side.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.socket.local_addr()
    }

    /// The address given to [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// [`NotConnected`](io::ErrorKind::NotConnected) if there is none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.socket.peer_addr()
    }

    /// Sends a datagram to `target`.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room; what the host says.
    pub fn send_to(&self, bytes: &[u8], target: SocketAddr) -> io::Result<usize> {
        self.inner.do_io_with(Interest::WRITABLE, |inner| {
            inner.socket.send_to(bytes, target)
        })
    }

    /// Receives a datagram, and says who sent it.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none; what the host says.
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.inner
            .do_io_with(Interest::READABLE, |inner| inner.receive_from(buffer))
    }

    /// As [`recv_from`](Self::recv_from), and leaves the datagram where the next call of this value finds it.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none; what the host says.
    pub fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.inner
            .do_io_with(Interest::READABLE, |inner| inner.peek_from(buffer))
    }

    /// Sends a datagram to the address given to [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is no room; what the host says.
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.inner
            .do_io_with(Interest::WRITABLE, |inner| inner.socket.send(bytes))
    }

    /// Receives a datagram from the address given to [`connect`](Self::connect).
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none; what the host says.
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner
            .do_io_with(Interest::READABLE, |inner| inner.receive(buffer))
    }

    /// As [`recv`](Self::recv), and leaves the datagram where the next call of this value finds it.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none; what the host says.
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let (received, _) = self.peek_from(buffer)?;
        Ok(received)
    }

    /// Sets where [`send`](Self::send) sends to, and receives from nobody else.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn connect(&self, address: SocketAddr) -> io::Result<()> {
        self.inner.socket.connect(address)
    }

    /// Allows or forbids sending to a broadcast address.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.inner.socket.set_broadcast(on)
    }

    /// Whether sending to a broadcast address is allowed.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.inner.socket.broadcast()
    }

    /// Sets whether multicast datagrams come back to their sender's host (IPv4).
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        self.inner.socket.set_multicast_loop_v4(on)
    }

    /// Whether multicast datagrams come back to their sender's host (IPv4).
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.inner.socket.multicast_loop_v4()
    }

    /// Sets the number of hops that multicast datagrams may take (IPv4).
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.inner.socket.set_multicast_ttl_v4(ttl)
    }

    /// The number of hops that multicast datagrams may take (IPv4).
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.inner.socket.multicast_ttl_v4()
    }

    /// Sets whether multicast datagrams come back to their sender's host (IPv6).
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        self.inner.socket.set_multicast_loop_v6(on)
    }

    /// Whether multicast datagrams come back to their sender's host (IPv6).
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.inner.socket.multicast_loop_v6()
    }

    /// Sets the number of hops that datagrams may take.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.socket.set_ttl(ttl)
    }

    /// The number of hops that datagrams may take.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.socket.ttl()
    }

    /// Joins a multicast group.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn join_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.inner.socket.join_multicast_v4(group, interface)
    }

    /// Joins a multicast group.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.inner.socket.join_multicast_v6(group, interface)
    }

    /// Leaves a multicast group.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn leave_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.inner.socket.leave_multicast_v4(group, interface)
    }

    /// Leaves a multicast group.
    ///
    /// # Errors
    ///
    /// What the host says.
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.inner.socket.leave_multicast_v6(group, interface)
    }

    /// Whether the socket is for IPv6 only (`IPV6_V6ONLY`).
    ///
    /// # Errors
    ///
    /// What libc says of a socket that is not IPv6.
    pub fn only_v6(&self) -> io::Result<bool> {
        SockRef::from(&self.inner.socket).only_v6()
    }

    /// Takes the error that is kept for the socket, if there is one.
    ///
    /// # Errors
    ///
    /// What libc says of the question itself.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.socket.take_error()
    }

    /// Runs an operation of the caller's own on the socket (a system call, through
    /// `AsRawFd`), and arms the socket again if it says `WouldBlock`.
    ///
    /// # Errors
    ///
    /// Those of `f`.
    pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner.do_io(|_| f())
    }
}

impl Datagrams {
    fn receive_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        match self.take_peeked() {
            Some((datagram, from)) => Ok((copy(&datagram, buffer), from)),
            None => self.socket.recv_from(buffer),
        }
    }

    fn receive(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.take_peeked() {
            Some((datagram, _)) => Ok(copy(&datagram, buffer)),
            None => self.socket.recv(buffer),
        }
    }

    fn peek_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let mut peeked = self.peeked.lock().unwrap_or_else(PoisonError::into_inner);
        let (datagram, from) = match peeked.take() {
            Some(known) => known,
            None => {
                let mut datagram = vec![0; LONGEST];
                let (len, from) = self.socket.recv_from(&mut datagram)?;
                datagram.truncate(len);
                (datagram, from)
            }
        };
        let copied = copy(&datagram, buffer);
        *peeked = Some((datagram, from));
        Ok((copied, from))
    }

    fn take_peeked(&self) -> Option<(Vec<u8>, SocketAddr)> {
        let mut peeked = self.peeked.lock().unwrap_or_else(PoisonError::into_inner);
        peeked.take()
    }
}

/// A datagram in a buffer; what there is no room for is lost.
fn copy(datagram: &[u8], buffer: &mut [u8]) -> usize {
    let len = datagram.len().min(buffer.len());
    buffer[..len].copy_from_slice(&datagram[..len]);
    len
}

impl From<net::UdpSocket> for Datagrams {
    fn from(socket: net::UdpSocket) -> Self {
        Self {
            socket,
            peeked: Mutex::new(None),
        }
    }
}

impl From<OwnedFd> for Datagrams {
    fn from(descriptor: OwnedFd) -> Self {
        net::UdpSocket::from(descriptor).into()
    }
}

impl From<Datagrams> for OwnedFd {
    fn from(datagrams: Datagrams) -> Self {
        datagrams.socket.into()
    }
}

impl From<Datagrams> for net::UdpSocket {
    fn from(datagrams: Datagrams) -> Self {
        datagrams.socket
    }
}

impl AsFd for Datagrams {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Datagrams {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl IntoRawFd for Datagrams {
    fn into_raw_fd(self) -> RawFd {
        self.socket.into_raw_fd()
    }
}

impl fmt::Debug for Datagrams {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}

source!(UdpSocket);
descriptor!(UdpSocket);
into_std!(UdpSocket, net::UdpSocket);

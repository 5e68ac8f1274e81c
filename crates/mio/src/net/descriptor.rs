//! TCP and UDP on WASI 0.2: `wasio::net`'s types over sockets of wasi-libc, with their descriptors.

use std::io;
use std::net::{self, IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use wasio::net as wasio_net;

use crate::source::source;

/// Connections that the host keeps before they are accepted; it may limit them to fewer.
const BACKLOG: i32 = 1024;

/// A TCP socket that listens. It is readable when a connection is to be accepted.
pub struct TcpListener {
    inner: wasio_net::TcpListener,
}

/// A TCP connection.
pub struct TcpStream {
    inner: wasio_net::TcpStream,
}

/// A UDP socket. What a buffer has no room for is lost.
///
/// # Platform behaviour
///
/// The host has no broadcast and no multicast: those options are
/// [`Unsupported`](io::ErrorKind::Unsupported).
pub struct UdpSocket {
    inner: wasio_net::UdpSocket,
}

/// Methods that are `wasio::net`'s.
macro_rules! forward {
    ($socket:ident: $(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*) => {
        impl $socket {$(
            #[doc = concat!("See [`wasio::net::", stringify!($socket), "::", stringify!($name), "`].")]
            ///
            /// # Errors
            ///
            /// See there.
            pub fn $name(&self, $($argument: $type),*) -> io::Result<$result> {
                self.inner.$name($($argument),*)
            }
        )*}
    };
}

/// What follows from being made of the standard library's socket.
macro_rules! of_std {
    ($socket:ident) => {
        impl $socket {
            /// A socket of the standard library as a source. It must be non-blocking.
            #[must_use]
            pub fn from_std(socket: net::$socket) -> Self {
                Self {
                    inner: wasio_net::$socket::from_std(socket),
                }
            }

            fn as_std(&self) -> &net::$socket {
                match self.inner.as_std() {
                    Some(socket) => socket,
                    None => unreachable!("it is made by `from_std`"),
                }
            }
        }

        source!($socket);

        /// It is deregistered, and stays non-blocking.
        impl From<$socket> for net::$socket {
            fn from(socket: $socket) -> Self {
                match socket.inner.into_std() {
                    Ok(socket) => socket,
                    Err(_) => unreachable!("it is made by `from_std`"),
                }
            }
        }

        const _: () = {
            use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};

            impl AsFd for $socket {
                fn as_fd(&self) -> BorrowedFd<'_> {
                    self.as_std().as_fd()
                }
            }

            impl AsRawFd for $socket {
                fn as_raw_fd(&self) -> RawFd {
                    self.as_std().as_raw_fd()
                }
            }

            impl IntoRawFd for $socket {
                fn into_raw_fd(self) -> RawFd {
                    net::$socket::from(self).into_raw_fd()
                }
            }

            /// It is deregistered, and stays non-blocking.
            impl From<$socket> for OwnedFd {
                fn from(socket: $socket) -> Self {
                    net::$socket::from(socket).into()
                }
            }

            /// The descriptor must be non-blocking.
            impl From<OwnedFd> for $socket {
                fn from(descriptor: OwnedFd) -> Self {
                    Self::from_std(descriptor.into())
                }
            }
        };
    };
}

/// `Read` and `Write` through those of `inner`.
macro_rules! stream {
    ($($stream:ty),*) => {$(
        impl io::Read for $stream {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                (&self.inner).read(buffer)
            }

            fn read_vectored(&mut self, buffers: &mut [io::IoSliceMut<'_>]) -> io::Result<usize> {
                (&self.inner).read_vectored(buffers)
            }
        }

        impl io::Write for $stream {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                (&self.inner).write(bytes)
            }

            fn write_vectored(&mut self, buffers: &[io::IoSlice<'_>]) -> io::Result<usize> {
                (&self.inner).write_vectored(buffers)
            }

            /// Does nothing: there is no buffer on this side of the host.
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
    )*};
}

of_std!(TcpListener);
of_std!(TcpStream);
of_std!(UdpSocket);
stream!(TcpStream, &TcpStream);

impl TcpListener {
    /// Listens on `address`. Port 0 is any free port: [`local_addr`](Self::local_addr) returns it.
    ///
    /// # Errors
    ///
    /// Those of the host: [`AddrInUse`](io::ErrorKind::AddrInUse), for instance.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = tcp_socket(address)?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(Self::from_std(socket.into()))
    }

    /// Accepts a connection. Call it until it returns `WouldBlock`.
    ///
    /// # Platform behaviour
    ///
    /// On WASI 0.2 the address is always `0.0.0.0:0`. Only wasi-libc knows it, and libc ends the
    /// program when it is asked about a peer that has reset the connection, which any peer may do
    /// before it is accepted. [`peer_addr`](TcpStream::peer_addr) does ask.
    ///
    /// # Errors
    ///
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) when there is none; those of the host.
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (inner, peer) = self.inner.accept()?;
        Ok((TcpStream { inner }, peer))
    }
}

forward! {
    TcpListener:
    fn local_addr() -> SocketAddr;
    fn set_ttl(ttl: u32) -> ();
    fn ttl() -> u32;
    fn take_error() -> Option<io::Error>;
}

impl TcpStream {
    /// Starts to connect, and does not wait for the outcome.
    ///
    /// 1. Register the stream with [`Interest::WRITABLE`](crate::Interest::WRITABLE) and wait for
    ///    its event.
    /// 2. If [`take_error`](Self::take_error) returns an error, the connect has failed.
    /// 3. If [`peer_addr`](Self::peer_addr) returns `NotConnected`, wait for the next event; if it
    ///    returns an address, the stream is connected.
    ///
    /// # Errors
    ///
    /// What the host knows at once; the rest comes with the event.
    pub fn connect(address: SocketAddr) -> io::Result<Self> {
        let address = remote(address);
        let socket = tcp_socket(address)?;
        match socket.connect(&address.into()) {
            Err(error) if error.raw_os_error() != Some(libc::EINPROGRESS) => Err(error),
            _ => Ok(Self::from_std(socket.into())),
        }
    }

    /// Runs an operation of the caller's own on the socket (a system call, through
    /// `AsRawFd`), and arms the stream again if it returns `WouldBlock`.
    ///
    /// # Errors
    ///
    /// Those of `f`.
    pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner.try_io(f)
    }
}

forward! {
    TcpStream:
    fn peer_addr() -> SocketAddr;
    fn local_addr() -> SocketAddr;
    fn shutdown(how: Shutdown) -> ();
    fn set_nodelay(nodelay: bool) -> ();
    fn nodelay() -> bool;
    fn set_ttl(ttl: u32) -> ();
    fn ttl() -> u32;
    fn take_error() -> Option<io::Error>;
    fn peek(buffer: &mut [u8]) -> usize;
}

impl UdpSocket {
    /// Opens a socket on `address`. Port 0 is any free port: [`local_addr`](Self::local_addr)
    /// returns it.
    ///
    /// # Errors
    ///
    /// Those of the host.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = net::UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        Ok(Self::from_std(socket))
    }

    /// Whether the socket is for IPv6 only (`IPV6_V6ONLY`).
    ///
    /// # Errors
    ///
    /// That of libc for a socket that is not IPv6.
    pub fn only_v6(&self) -> io::Result<bool> {
        SockRef::from(self.as_std()).only_v6()
    }

    /// Runs an operation of the caller's own on the socket (a system call, through
    /// `AsRawFd`), and arms the socket again if it returns `WouldBlock`.
    ///
    /// # Errors
    ///
    /// Those of `f`.
    pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner.try_io(f)
    }
}

forward! {
    UdpSocket:
    fn local_addr() -> SocketAddr;
    fn peer_addr() -> SocketAddr;
    fn connect(address: SocketAddr) -> ();
    fn send_to(bytes: &[u8], target: SocketAddr) -> usize;
    fn send(bytes: &[u8]) -> usize;
    fn recv_from(buffer: &mut [u8]) -> (usize, SocketAddr);
    fn recv(buffer: &mut [u8]) -> usize;
    fn peek_from(buffer: &mut [u8]) -> (usize, SocketAddr);
    fn peek(buffer: &mut [u8]) -> usize;
    fn take_error() -> Option<io::Error>;
    fn set_broadcast(on: bool) -> ();
    fn broadcast() -> bool;
    fn set_ttl(ttl: u32) -> ();
    fn ttl() -> u32;
    fn set_multicast_loop_v4(on: bool) -> ();
    fn multicast_loop_v4() -> bool;
    fn set_multicast_ttl_v4(ttl: u32) -> ();
    fn multicast_ttl_v4() -> u32;
    fn set_multicast_loop_v6(on: bool) -> ();
    fn multicast_loop_v6() -> bool;
    fn join_multicast_v4(group: &Ipv4Addr, interface: &Ipv4Addr) -> ();
    fn join_multicast_v6(group: &Ipv6Addr, interface: u32) -> ();
    fn leave_multicast_v4(group: &Ipv4Addr, interface: &Ipv4Addr) -> ();
    fn leave_multicast_v6(group: &Ipv6Addr, interface: u32) -> ();
}

/// The address that an operating system connects to. libc refuses two kinds: an IPv4 address written
/// as an IPv6 one (`::ffff:a.b.c.d`), and the wildcard, which means this machine.
fn remote(mut address: SocketAddr) -> SocketAddr {
    if let IpAddr::V4(mapped) = address.ip().to_canonical() {
        // Any other IPv6 address keeps its scope.
        address = SocketAddr::from((mapped, address.port()));
    }
    match address.ip() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED) => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(Ipv6Addr::UNSPECIFIED) => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

/// A TCP socket of the address's family that never blocks.
fn tcp_socket(address: SocketAddr) -> io::Result<Socket> {
    let domain = Domain::for_address(address);
    Socket::new(domain, Type::STREAM.nonblocking(), Some(Protocol::TCP))
}

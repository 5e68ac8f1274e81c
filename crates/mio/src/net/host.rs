//! TCP and UDP on WASI 0.2 and 0.3: `wasio::net`'s types, with the descriptors that mio promises.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{self, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};

use wasio::net as wasio_net;

use super::descriptor::{self, Reserved};
use crate::source::source;

macro_rules! see {
    ($socket:ident $name:ident) => {
        concat!(
            "See [`wasio::net::",
            stringify!($socket),
            "::",
            stringify!($name),
            "`].\n\n",
            "# Errors\n\nSee there."
        )
    };
}

/// A socket of `wasio::net`, the functions that are its own, and its conversions from and to
/// descriptors. `$adopt` is passed one that comes back, and `$hand_over` returns what the descriptor of
/// one that leaves is passed to.
macro_rules! socket {
    (
        $(#[$doc:meta])* $socket:ident::$open:ident, $adopt:expr, $hand_over:expr;
        $(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;)*
    ) => {
        $(#[$doc])*
        pub struct $socket {
            inner: wasio_net::$socket,
            reserved: Reserved,
        }

        impl $socket {
            #[doc = see!($socket $open)]
            pub fn $open(address: SocketAddr) -> io::Result<Self> {
                wasio_net::$socket::$open(address).map(Self::new)
            }

            $(#[doc = see!($socket $name)]
            pub fn $name(&self, $($argument: $type),*) -> io::Result<$result> {
                self.inner.$name($($argument),*)
            })*

            fn new(inner: wasio_net::$socket) -> Self {
                let reserved = Reserved::new();
                Self { inner, reserved }
            }

            /// A socket of the standard library as a source. It must be non-blocking.
            ///
            /// What a socket of this module was converted into becomes that socket again.
            #[must_use]
            pub fn from_std(socket: net::$socket) -> Self {
                let Some(inner) = descriptor::take_back(&socket) else {
                    return Self::new(wasio_net::$socket::from_std(socket));
                };
                let reserved = net::TcpStream::from(OwnedFd::from(socket));
                $adopt(&inner, &reserved);
                Self { inner, reserved: reserved.into() }
            }
        }

        source!($socket);

        /// See the [module](crate::net#platform-behaviour).
        impl AsFd for $socket {
            fn as_fd(&self) -> BorrowedFd<'_> {
                match self.inner.as_std() {
                    Some(socket) => socket.as_fd(),
                    None => descriptor::of(&self.reserved).as_fd(),
                }
            }
        }

        impl AsRawFd for $socket {
            fn as_raw_fd(&self) -> RawFd {
                self.as_fd().as_raw_fd()
            }
        }

        /// It is deregistered, and stays non-blocking. See the
        /// [module](crate::net#platform-behaviour).
        impl From<$socket> for OwnedFd {
            fn from(socket: $socket) -> Self {
                match socket.inner.try_into_std() {
                    Ok(socket) => socket.into(),
                    Err(inner) => {
                        let hand_over = $hand_over(&inner);
                        let given = descriptor::give_away(inner, socket.reserved);
                        let given = net::TcpStream::from(given);
                        hand_over(&given);
                        given.into()
                    }
                }
            }
        }

        impl From<$socket> for net::$socket {
            fn from(socket: $socket) -> Self {
                OwnedFd::from(socket).into()
            }
        }

        impl IntoRawFd for $socket {
            fn into_raw_fd(self) -> RawFd {
                OwnedFd::from(self).into_raw_fd()
            }
        }

        /// The descriptor must be non-blocking.
        impl From<OwnedFd> for $socket {
            fn from(descriptor: OwnedFd) -> Self {
                Self::from_std(descriptor.into())
            }
        }
    };
}

socket! {
    /// A TCP socket that listens. It is readable when a connection is to be accepted.
    TcpListener::bind, |_, _| (), |_| |_: &_| ();
    fn local_addr() -> SocketAddr;
    fn set_ttl(ttl: u32) -> ();
    fn ttl() -> u32;
    fn take_error() -> Option<io::Error>;
}

socket! {
    /// A TCP connection.
    TcpStream::connect, adopt_options, options_of;
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

socket! {
    /// A UDP socket. What a buffer has no room for is lost.
    UdpSocket::bind, |_, _| (), |_| |_: &_| ();
    fn local_addr() -> SocketAddr;
    fn peer_addr() -> SocketAddr;
    fn connect(address: SocketAddr) -> ();
    fn send_to(bytes: &[u8], target: SocketAddr) -> usize;
    fn send(bytes: &[u8]) -> usize;
    fn recv_from(buffer: &mut [u8]) -> (usize, SocketAddr);
    fn recv(buffer: &mut [u8]) -> usize;
    fn peek_from(buffer: &mut [u8]) -> (usize, SocketAddr);
    fn peek(buffer: &mut [u8]) -> usize;
    fn only_v6() -> bool;
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

impl TcpListener {
    #[doc = see!(TcpListener accept)]
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, peer) = self.inner.accept()?;
        Ok((TcpStream::new(stream), peer))
    }
}

/// Gives a descriptor the options of the stream that it is to stand for.
fn options_of(stream: &wasio_net::TcpStream) -> impl FnOnce(&net::TcpStream) + use<> {
    let nodelay = stream.nodelay();
    move |descriptor| {
        if let Ok(nodelay) = nodelay {
            let _ = descriptor.set_nodelay(nodelay);
        }
    }
}

/// Takes over the options of a descriptor that stood for the stream.
fn adopt_options(stream: &wasio_net::TcpStream, descriptor: &net::TcpStream) {
    if let Ok(nodelay) = descriptor.nodelay() {
        let _ = stream.set_nodelay(nodelay);
    }
}

/// What a listener does not have.
macro_rules! try_io {
    ($($socket:ident),*) => {$(
        impl $socket {
            #[doc = see!($socket try_io)]
            pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
            where
                F: FnOnce() -> io::Result<T>,
            {
                self.inner.try_io(f)
            }
        }
    )*};
}

try_io!(TcpStream, UdpSocket);

macro_rules! read_and_write {
    ($($stream:ty),*) => {$(
        impl Read for $stream {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                (&self.inner).read(buffer)
            }

            fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                (&self.inner).read_vectored(buffers)
            }
        }

        impl Write for $stream {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                (&self.inner).write(bytes)
            }

            fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
                (&self.inner).write_vectored(buffers)
            }

            /// Does nothing: there is no buffer on this side of the host.
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
    )*};
}

read_and_write!(TcpStream, &TcpStream);

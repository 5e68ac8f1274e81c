//! `mio::net`.

use std::io::{self, Read, Write};
use std::net::{self, Shutdown, SocketAddr};

use mio::net::{TcpListener, TcpStream};

use super::{is_debug, is_source, is_thread_safe};

/// An operation for `try_io`.
type Operation = fn() -> io::Result<u8>;

#[cfg(any(unix, target_os = "wasi"))]
const fn is_descriptor<T>()
where
    T: std::os::fd::AsRawFd
        + std::os::fd::AsFd
        + std::os::fd::FromRawFd
        + std::os::fd::IntoRawFd
        + From<std::os::fd::OwnedFd>
        + Into<std::os::fd::OwnedFd>,
{
}

const fn is_socket<T>()
where
    T: Send + Sync,
{
    is_thread_safe::<T>();
}

const _: () = {
    let _: fn(net::TcpListener) -> TcpListener = TcpListener::from_std;
    let _: fn(&TcpListener) -> io::Result<(TcpStream, SocketAddr)> = TcpListener::accept;
    let _: fn(&TcpListener) -> io::Result<SocketAddr> = TcpListener::local_addr;
    let _: fn(&TcpListener, u32) -> io::Result<()> = TcpListener::set_ttl;
    let _: fn(&TcpListener) -> io::Result<u32> = TcpListener::ttl;
    let _: fn(&TcpListener) -> io::Result<Option<io::Error>> = TcpListener::take_error;
    let _: fn(TcpListener) -> net::TcpListener = From::from;
    is_debug::<TcpListener>();
    is_source::<TcpListener>();
    is_socket::<TcpListener>();
    #[cfg(any(unix, target_os = "wasi"))]
    is_descriptor::<TcpListener>();
};

const _: () = {
    let _: fn(net::TcpStream) -> TcpStream = TcpStream::from_std;
    let _: fn(&TcpStream) -> io::Result<SocketAddr> = TcpStream::peer_addr;
    let _: fn(&TcpStream) -> io::Result<SocketAddr> = TcpStream::local_addr;
    let _: fn(&TcpStream, Shutdown) -> io::Result<()> = TcpStream::shutdown;
    let _: fn(&TcpStream, bool) -> io::Result<()> = TcpStream::set_nodelay;
    let _: fn(&TcpStream) -> io::Result<bool> = TcpStream::nodelay;
    let _: fn(&TcpStream, u32) -> io::Result<()> = TcpStream::set_ttl;
    let _: fn(&TcpStream) -> io::Result<u32> = TcpStream::ttl;
    let _: fn(&TcpStream) -> io::Result<Option<io::Error>> = TcpStream::take_error;
    let _: fn(&TcpStream, &mut [u8]) -> io::Result<usize> = TcpStream::peek;
    let _: fn(&TcpStream, Operation) -> io::Result<u8> = TcpStream::try_io;
    let _: fn(TcpStream) -> net::TcpStream = From::from;
    moves_bytes::<TcpStream>();
    is_debug::<TcpStream>();
    is_source::<TcpStream>();
    is_socket::<TcpStream>();
    #[cfg(any(unix, target_os = "wasi"))]
    is_descriptor::<TcpStream>();
};

const fn moves_bytes<T: Read + Write>()
where
    for<'a> &'a T: Read + Write,
{
}

#[cfg(not(all(target_os = "wasi", target_env = "p1")))]
const _: () = {
    let _: fn(SocketAddr) -> io::Result<TcpListener> = TcpListener::bind;
    let _: fn(SocketAddr) -> io::Result<TcpStream> = TcpStream::connect;
};

#[cfg(not(all(target_os = "wasi", target_env = "p1")))]
const _: () = {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use mio::net::UdpSocket;

    let _: fn(SocketAddr) -> io::Result<UdpSocket> = UdpSocket::bind;
    let _: fn(net::UdpSocket) -> UdpSocket = UdpSocket::from_std;
    let _: fn(&UdpSocket) -> io::Result<SocketAddr> = UdpSocket::local_addr;
    let _: fn(&UdpSocket) -> io::Result<SocketAddr> = UdpSocket::peer_addr;
    let _: fn(&UdpSocket, &[u8], SocketAddr) -> io::Result<usize> = UdpSocket::send_to;
    let _: fn(&UdpSocket, &mut [u8]) -> io::Result<(usize, SocketAddr)> = UdpSocket::recv_from;
    let _: fn(&UdpSocket, &mut [u8]) -> io::Result<(usize, SocketAddr)> = UdpSocket::peek_from;
    let _: fn(&UdpSocket, &[u8]) -> io::Result<usize> = UdpSocket::send;
    let _: fn(&UdpSocket, &mut [u8]) -> io::Result<usize> = UdpSocket::recv;
    let _: fn(&UdpSocket, &mut [u8]) -> io::Result<usize> = UdpSocket::peek;
    let _: fn(&UdpSocket, SocketAddr) -> io::Result<()> = UdpSocket::connect;
    let _: fn(&UdpSocket, bool) -> io::Result<()> = UdpSocket::set_broadcast;
    let _: fn(&UdpSocket) -> io::Result<bool> = UdpSocket::broadcast;
    let _: fn(&UdpSocket, bool) -> io::Result<()> = UdpSocket::set_multicast_loop_v4;
    let _: fn(&UdpSocket) -> io::Result<bool> = UdpSocket::multicast_loop_v4;
    let _: fn(&UdpSocket, u32) -> io::Result<()> = UdpSocket::set_multicast_ttl_v4;
    let _: fn(&UdpSocket) -> io::Result<u32> = UdpSocket::multicast_ttl_v4;
    let _: fn(&UdpSocket, bool) -> io::Result<()> = UdpSocket::set_multicast_loop_v6;
    let _: fn(&UdpSocket) -> io::Result<bool> = UdpSocket::multicast_loop_v6;
    let _: fn(&UdpSocket, u32) -> io::Result<()> = UdpSocket::set_ttl;
    let _: fn(&UdpSocket) -> io::Result<u32> = UdpSocket::ttl;
    let _: fn(&UdpSocket, &Ipv4Addr, &Ipv4Addr) -> io::Result<()> = UdpSocket::join_multicast_v4;
    let _: fn(&UdpSocket, &Ipv6Addr, u32) -> io::Result<()> = UdpSocket::join_multicast_v6;
    let _: fn(&UdpSocket, &Ipv4Addr, &Ipv4Addr) -> io::Result<()> = UdpSocket::leave_multicast_v4;
    let _: fn(&UdpSocket, &Ipv6Addr, u32) -> io::Result<()> = UdpSocket::leave_multicast_v6;
    let _: fn(&UdpSocket) -> io::Result<bool> = UdpSocket::only_v6;
    let _: fn(&UdpSocket) -> io::Result<Option<io::Error>> = UdpSocket::take_error;
    let _: fn(&UdpSocket, Operation) -> io::Result<u8> = UdpSocket::try_io;
    let _: fn(UdpSocket) -> net::UdpSocket = From::from;
    is_debug::<UdpSocket>();
    is_source::<UdpSocket>();
    is_socket::<UdpSocket>();
    #[cfg(any(unix, target_os = "wasi"))]
    is_descriptor::<UdpSocket>();
};

#[cfg(unix)]
mod uds {
    use std::os::unix::net::{self, SocketAddr};
    use std::path::{Path, PathBuf};

    use mio::net::{UnixDatagram, UnixListener, UnixStream};

    use super::*;

    const _: () = {
        let _: fn(&'static Path) -> io::Result<UnixListener> = UnixListener::bind;
        let _: fn(PathBuf) -> io::Result<UnixListener> = UnixListener::bind;
        let _: fn(&SocketAddr) -> io::Result<UnixListener> = UnixListener::bind_addr;
        let _: fn(net::UnixListener) -> UnixListener = UnixListener::from_std;
        let _: fn(&UnixListener) -> io::Result<(UnixStream, SocketAddr)> = UnixListener::accept;
        let _: fn(&UnixListener) -> io::Result<SocketAddr> = UnixListener::local_addr;
        let _: fn(&UnixListener) -> io::Result<Option<io::Error>> = UnixListener::take_error;
        let _: fn(UnixListener) -> net::UnixListener = From::from;
        is_debug::<UnixListener>();
        is_source::<UnixListener>();
        is_socket::<UnixListener>();
        is_descriptor::<UnixListener>();
    };

    const _: () = {
        let _: fn(&'static Path) -> io::Result<UnixStream> = UnixStream::connect;
        let _: fn(&SocketAddr) -> io::Result<UnixStream> = UnixStream::connect_addr;
        let _: fn(net::UnixStream) -> UnixStream = UnixStream::from_std;
        let _: fn() -> io::Result<(UnixStream, UnixStream)> = UnixStream::pair;
        let _: fn(&UnixStream) -> io::Result<SocketAddr> = UnixStream::local_addr;
        let _: fn(&UnixStream) -> io::Result<SocketAddr> = UnixStream::peer_addr;
        let _: fn(&UnixStream) -> io::Result<Option<io::Error>> = UnixStream::take_error;
        let _: fn(&UnixStream, Shutdown) -> io::Result<()> = UnixStream::shutdown;
        let _: fn(&UnixStream, Operation) -> io::Result<u8> = UnixStream::try_io;
        let _: fn(UnixStream) -> net::UnixStream = From::from;
        moves_bytes::<UnixStream>();
        is_debug::<UnixStream>();
        is_source::<UnixStream>();
        is_socket::<UnixStream>();
        is_descriptor::<UnixStream>();
    };

    const _: () = {
        let _: fn(&'static Path) -> io::Result<UnixDatagram> = UnixDatagram::bind;
        let _: fn(&SocketAddr) -> io::Result<UnixDatagram> = UnixDatagram::bind_addr;
        let _: fn(net::UnixDatagram) -> UnixDatagram = UnixDatagram::from_std;
        let _: fn(&UnixDatagram, &'static Path) -> io::Result<()> = UnixDatagram::connect;
        let _: fn() -> io::Result<UnixDatagram> = UnixDatagram::unbound;
        let _: fn() -> io::Result<(UnixDatagram, UnixDatagram)> = UnixDatagram::pair;
        let _: fn(&UnixDatagram) -> io::Result<SocketAddr> = UnixDatagram::local_addr;
        let _: fn(&UnixDatagram) -> io::Result<SocketAddr> = UnixDatagram::peer_addr;
        let _: fn(&UnixDatagram, &mut [u8]) -> io::Result<(usize, SocketAddr)> =
            UnixDatagram::recv_from;
        let _: fn(&UnixDatagram, &mut [u8]) -> io::Result<usize> = UnixDatagram::recv;
        let _: fn(&UnixDatagram, &[u8], &'static Path) -> io::Result<usize> = UnixDatagram::send_to;
        let _: fn(&UnixDatagram, &[u8]) -> io::Result<usize> = UnixDatagram::send;
        let _: fn(&UnixDatagram) -> io::Result<Option<io::Error>> = UnixDatagram::take_error;
        let _: fn(&UnixDatagram, Shutdown) -> io::Result<()> = UnixDatagram::shutdown;
        let _: fn(&UnixDatagram, Operation) -> io::Result<u8> = UnixDatagram::try_io;
        let _: fn(UnixDatagram) -> net::UnixDatagram = From::from;
        is_debug::<UnixDatagram>();
        is_source::<UnixDatagram>();
        is_socket::<UnixDatagram>();
        is_descriptor::<UnixDatagram>();
    };
}

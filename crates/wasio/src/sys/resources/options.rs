//! Options of the host's sockets, which WASI 0.2 and 0.3 have in common.

use std::io;
use std::time::Duration;

use super::host_error::{NO_OPTION_OF_STD, unsupported};
use super::net;
use crate::net::TcpKeepalive;
use crate::portable::saturating_ns;
use crate::sys::imp::error::checked;
use crate::sys::imp::{TcpSocket, UdpSocket};

/// The host's socket behind one of ours.
pub(crate) enum HostSocket<'a> {
    Tcp(&'a TcpSocket),
    Udp(&'a UdpSocket),
}

/// One of our sockets, which may be one of libc's.
pub(crate) trait Optioned {
    /// `None` for one of libc's, whose options the standard library does not offer.
    fn host_socket(&self) -> Option<HostSocket<'_>>;
}

fn host(socket: &impl Optioned) -> io::Result<HostSocket<'_>> {
    let of_std = || unsupported(NO_OPTION_OF_STD);
    socket.host_socket().ok_or_else(of_std)
}

fn tcp(socket: &impl Optioned) -> io::Result<&TcpSocket> {
    match host(socket)? {
        HostSocket::Tcp(socket) => Ok(socket),
        HostSocket::Udp(_) => unreachable!("keep-alive is an option of TCP sockets only"),
    }
}

pub(crate) fn set_keepalive(socket: &impl Optioned, keepalive: bool) -> io::Result<()> {
    checked(tcp(socket)?.set_keep_alive_enabled(keepalive))
}

pub(crate) fn keepalive(socket: &impl Optioned) -> io::Result<bool> {
    checked(tcp(socket)?.keep_alive_enabled())
}

pub(crate) fn set_tcp_keepalive(
    socket: &impl Optioned,
    keepalive: &TcpKeepalive,
) -> io::Result<()> {
    let socket = tcp(socket)?;
    if let Some(time) = keepalive.time {
        checked(socket.set_keep_alive_idle_time(saturating_ns(time)))?;
    }
    if let Some(interval) = keepalive.interval {
        checked(socket.set_keep_alive_interval(saturating_ns(interval)))?;
    }
    if let Some(retries) = keepalive.retries {
        checked(socket.set_keep_alive_count(retries))?;
    }
    checked(socket.set_keep_alive_enabled(true))
}

pub(crate) fn tcp_keepalive_time(socket: &impl Optioned) -> io::Result<Duration> {
    checked(tcp(socket)?.keep_alive_idle_time()).map(Duration::from_nanos)
}

pub(crate) fn tcp_keepalive_interval(socket: &impl Optioned) -> io::Result<Duration> {
    checked(tcp(socket)?.keep_alive_interval()).map(Duration::from_nanos)
}

pub(crate) fn tcp_keepalive_retries(socket: &impl Optioned) -> io::Result<u32> {
    checked(tcp(socket)?.keep_alive_count())
}

pub(crate) fn set_recv_buffer_size(socket: &impl Optioned, size: usize) -> io::Result<()> {
    let size = size as u64;
    checked(match host(socket)? {
        HostSocket::Tcp(socket) => socket.set_receive_buffer_size(size),
        HostSocket::Udp(socket) => socket.set_receive_buffer_size(size),
    })
}

pub(crate) fn recv_buffer_size(socket: &impl Optioned) -> io::Result<usize> {
    let size = checked(match host(socket)? {
        HostSocket::Tcp(socket) => socket.receive_buffer_size(),
        HostSocket::Udp(socket) => socket.receive_buffer_size(),
    });
    size.map(|size| usize::try_from(size).unwrap_or(usize::MAX))
}

pub(crate) fn set_send_buffer_size(socket: &impl Optioned, size: usize) -> io::Result<()> {
    let size = size as u64;
    checked(match host(socket)? {
        HostSocket::Tcp(socket) => socket.set_send_buffer_size(size),
        HostSocket::Udp(socket) => socket.set_send_buffer_size(size),
    })
}

pub(crate) fn send_buffer_size(socket: &impl Optioned) -> io::Result<usize> {
    let size = checked(match host(socket)? {
        HostSocket::Tcp(socket) => socket.send_buffer_size(),
        HostSocket::Udp(socket) => socket.send_buffer_size(),
    });
    size.map(|size| usize::try_from(size).unwrap_or(usize::MAX))
}

impl Optioned for net::TcpStream {
    fn host_socket(&self) -> Option<HostSocket<'_>> {
        match self {
            Self::Host(stream) => Some(HostSocket::Tcp(&stream.socket)),
            Self::Std(_) => None,
        }
    }
}

impl Optioned for net::TcpListener {
    fn host_socket(&self) -> Option<HostSocket<'_>> {
        match self {
            Self::Host(listener) => Some(HostSocket::Tcp(listener.socket())),
            Self::Std(_) => None,
        }
    }
}

impl Optioned for net::UdpSocket {
    fn host_socket(&self) -> Option<HostSocket<'_>> {
        match self {
            Self::Host(udp) => Some(HostSocket::Udp(&udp.socket)),
            Self::Std(_) => None,
        }
    }
}

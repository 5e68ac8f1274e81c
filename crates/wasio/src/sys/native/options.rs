//! Options of sockets, by socket2.

use std::io;
use std::time::Duration;

use socket2::SockRef;

use crate::net::TcpKeepalive;

/// A socket of the standard library.
#[cfg(unix)]
pub(crate) trait Optioned: std::os::fd::AsFd {}
#[cfg(unix)]
impl<S: std::os::fd::AsFd> Optioned for S {}

/// A socket of the standard library.
#[cfg(windows)]
pub(crate) trait Optioned: std::os::windows::io::AsSocket {}
#[cfg(windows)]
impl<S: std::os::windows::io::AsSocket> Optioned for S {}

pub(crate) fn set_keepalive(socket: &impl Optioned, keepalive: bool) -> io::Result<()> {
    SockRef::from(socket).set_keepalive(keepalive)
}

pub(crate) fn keepalive(socket: &impl Optioned) -> io::Result<bool> {
    SockRef::from(socket).keepalive()
}

#[cfg(any(
    windows,
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
))]
pub(crate) fn set_tcp_keepalive(
    socket: &impl Optioned,
    keepalive: &TcpKeepalive,
) -> io::Result<()> {
    let mut parameters = socket2::TcpKeepalive::new();
    if let Some(time) = keepalive.time {
        parameters = parameters.with_time(time);
    }
    if let Some(interval) = keepalive.interval {
        parameters = parameters.with_interval(interval);
    }
    if let Some(retries) = keepalive.retries {
        parameters = parameters.with_retries(retries);
    }
    SockRef::from(socket).set_tcp_keepalive(&parameters)
}

/// Where they can be read.
#[cfg(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
))]
mod parameters {
    use super::{Duration, Optioned, SockRef, io};

    pub(crate) fn tcp_keepalive_time(socket: &impl Optioned) -> io::Result<Duration> {
        SockRef::from(socket).tcp_keepalive_time()
    }

    pub(crate) fn tcp_keepalive_interval(socket: &impl Optioned) -> io::Result<Duration> {
        SockRef::from(socket).tcp_keepalive_interval()
    }

    pub(crate) fn tcp_keepalive_retries(socket: &impl Optioned) -> io::Result<u32> {
        SockRef::from(socket).tcp_keepalive_retries()
    }
}

#[cfg(not(any(
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
)))]
mod parameters {
    use super::{Duration, Optioned, io};

    fn unsupported<T>() -> io::Result<T> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "this system cannot read keep-alive parameters: Linux, Android, Apple's systems, FreeBSD and \
             NetBSD can",
        ))
    }

    pub(crate) fn tcp_keepalive_time(_socket: &impl Optioned) -> io::Result<Duration> {
        unsupported()
    }

    pub(crate) fn tcp_keepalive_interval(_socket: &impl Optioned) -> io::Result<Duration> {
        unsupported()
    }

    pub(crate) fn tcp_keepalive_retries(_socket: &impl Optioned) -> io::Result<u32> {
        unsupported()
    }
}

pub(crate) use self::parameters::{
    tcp_keepalive_interval, tcp_keepalive_retries, tcp_keepalive_time,
};

/// OpenBSD and others have one setting for all sockets.
#[cfg(not(any(
    windows,
    target_os = "linux",
    target_os = "android",
    target_vendor = "apple",
    target_os = "freebsd",
    target_os = "netbsd",
)))]
pub(crate) fn set_tcp_keepalive(
    _socket: &impl Optioned,
    _keepalive: &TcpKeepalive,
) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "this system has no keep-alive parameters per socket: use `set_keepalive` and its defaults",
    ))
}

pub(crate) fn set_recv_buffer_size(socket: &impl Optioned, size: usize) -> io::Result<()> {
    SockRef::from(socket).set_recv_buffer_size(size)
}

pub(crate) fn recv_buffer_size(socket: &impl Optioned) -> io::Result<usize> {
    SockRef::from(socket).recv_buffer_size()
}

pub(crate) fn set_send_buffer_size(socket: &impl Optioned, size: usize) -> io::Result<()> {
    SockRef::from(socket).set_send_buffer_size(size)
}

pub(crate) fn send_buffer_size(socket: &impl Optioned) -> io::Result<usize> {
    SockRef::from(socket).send_buffer_size()
}

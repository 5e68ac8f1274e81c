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

/// Functions that forward to socket2's of the same names. Those after `without` do so except on
/// `$systems`, where they are `Unsupported`, for the reason `$why`.
macro_rules! options {
    ($(fn $name:ident($($argument:ident: $type:ty)?) -> $result:ty;)*) => {$(
        pub(crate) fn $name(socket: &impl Optioned $(, $argument: $type)?) -> io::Result<$result> {
            SockRef::from(socket).$name($($argument)?)
        }
    )*};
    (without($systems:meta): $why:literal; $(fn $name:ident() -> $result:ty;)*) => {$(
        #[cfg(not($systems))]
        options! { fn $name() -> $result; }

        #[cfg($systems)]
        pub(crate) fn $name(_socket: &impl Optioned) -> io::Result<$result> {
            Err(io::Error::new(io::ErrorKind::Unsupported, $why))
        }
    )*};
}

options! {
    fn set_keepalive(keepalive: bool) -> ();
    fn keepalive() -> bool;
    fn set_recv_buffer_size(size: usize) -> ();
    fn recv_buffer_size() -> usize;
    fn set_send_buffer_size(size: usize) -> ();
    fn send_buffer_size() -> usize;
}

options! {
    without(any(windows, target_os = "openbsd", target_os = "dragonfly")):
        "this system cannot read keep-alive parameters: Linux, Android, Apple's systems, FreeBSD \
         and NetBSD can";
    fn tcp_keepalive_time() -> Duration;
    fn tcp_keepalive_interval() -> Duration;
    fn tcp_keepalive_retries() -> u32;
}

#[cfg(not(any(target_os = "openbsd", target_os = "dragonfly")))]
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

/// OpenBSD and others have one setting for all sockets.
#[cfg(any(target_os = "openbsd", target_os = "dragonfly"))]
pub(crate) fn set_tcp_keepalive(
    _socket: &impl Optioned,
    _keepalive: &TcpKeepalive,
) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "this system has no keep-alive parameters per socket: use `set_keepalive` and its defaults",
    ))
}

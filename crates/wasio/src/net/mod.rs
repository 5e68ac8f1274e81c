//! TCP and UDP sources, and the look-up of names.
//!
//! The types have the methods of [`std::net`]'s and are edge-triggered: read or write until
//! [`WouldBlock`](std::io::ErrorKind::WouldBlock), then poll again. None of their calls waits for a
//! peer.
//!
//! # Platform behaviour
//!
//! | | WASI 0.1 | WASI 0.2 | natively |
//! |---|---|---|---|
//! | [`TcpListener::preopened`] | what the host preopened | `None` | what systemd's protocol hands in (not on Windows) |
//! | [`TcpListener::accept`], reads, writes, [`TcpStream::peek`], [`TcpStream::shutdown`] | yes | yes | yes |
//! | [`TcpListener::bind`], [`TcpStream::connect`] | [`Unsupported`](std::io::ErrorKind::Unsupported) | yes | yes |
//! | addresses, `ttl` | [`Unsupported`](std::io::ErrorKind::Unsupported) | yes | yes |
//! | `nodelay` | [`Unsupported`](std::io::ErrorKind::Unsupported) | remembered; the host decides | yes |
//! | [`UdpSocket`] | [`Unsupported`](std::io::ErrorKind::Unsupported) | without broadcast and multicast | yes |
//! | keep-alive, sizes of buffers | [`Unsupported`](std::io::ErrorKind::Unsupported) | yes | yes |
//! | [`lookup`] | [`Unsupported`](std::io::ErrorKind::Unsupported) | yes | yes, on threads |
//! | from `std` (`from_std`) | yes | yes | yes |
//! | descriptors (`AsRawFd`), into `std` (`From`) | yes | no: see [`TcpStream::as_std`] | yes |
//!
//! On WASI 0.2:
//!
//! * A socket that came by `from_std` stays one of wasi-libc, which waits for it with its own
//!   `poll`. A poll that holds such sockets beside other sources alternates between the two, in
//!   slices of 1 to 10 ms. What was peeked at is kept in the wasio socket: neither its descriptor
//!   nor what [`into_std`](TcpStream::into_std) returns has it. A peek before the event may take the
//!   event with it: read after a peek.
//! * [`TcpListener::bind`], [`UdpSocket::bind`] and [`UdpSocket::connect`] wait for the host, which
//!   answers at once. `UdpSocket::connect` takes 2 ms if the socket has received or was registered
//!   for reading before: wasmtime 48 would trap otherwise.
//! * What was written to a stream before it was dropped is still delivered, for up to 5 s and for
//!   up to 256 dropped streams: [`set_linger_limits`] changes both. A stream that is never dropped
//!   loses what it has not sent when the program ends, for example by
//!   [`process::exit`](std::process::exit) or in a `static`: drop it first.
//! * The number of sockets is limited, as hosts end a program that has too many handles:
//!   [`set_handle_limit`] changes the limit.
//!
//! On WASI 0.3 all of this holds too, except that `UdpSocket::connect` takes no time, and that the
//! end of the program waits for what open streams and sockets have not sent, for up to 5 s. A write
//! of up to 64 KiB is copied and taken whole; the next one blocks until the host has taken it. A read
//! comes from a buffer of the connection. `UdpSocket::connect` gives up datagrams that the host has
//! not begun to send.

mod lookup;
mod options;
mod socket;
mod tcp;
mod udp;

use std::io;
use std::time::Duration;

pub(crate) use self::lookup::Name;
pub use self::lookup::{Lookup, lookup};
pub use self::options::TcpKeepalive;
pub use self::tcp::{TcpListener, TcpStream};
pub use self::udp::UdpSocket;
use crate::errors::static_error;

/// Sets how long and of how many dropped streams what was written is still sent: 5 s and 256 unless
/// this is called.
///
/// Beyond `max_streams` one that has sent everything is closed, if it is found soon, and otherwise the
/// oldest, at once: what it has not sent is lost. `max_age` counts from the drop, and applies to streams that are dropped after the call. It is also what a
/// peer that does not read may add to the time that the end of the program takes. With no age or no
/// streams nothing is kept.
///
/// # Platform behaviour
///
/// On WASI 0.2 and 0.3 for the whole program. Elsewhere it does nothing: the operating system sends
/// the rest, within limits of its own.
///
/// Some hosts block a program that closes such a stream, until its peer has read everything or has
/// gone: wasmtime from version 48 on, with the sockets of WASI 0.2. There no stream is given up.
/// Beyond the limits it is kept for as long as its peer holds the connection, but the end of the
/// program does not wait for it. The same goes for every other host of WASI 0.2 but wasmtime before
/// version 48, for the sockets of `std` on WASI 0.3, and for those on WASI 0.2 until something was
/// written to a stream of wasio's: nothing tells earlier what the host does.
///
/// On WASI 0.3 `max_age` is also how long the end of the program waits for what open streams, UDP
/// sockets and standard outputs have not sent. Sockets of `std` are not among them.
pub fn set_linger_limits(max_age: Duration, max_streams: usize) {
    #[cfg(wasio_resources)]
    crate::sys::net::set_linger_limits(max_age, max_streams);
    #[cfg(not(wasio_resources))]
    let _ = (max_age, max_streams);
}

/// Sets how many handles of the host the sockets and look-ups of the program may have: 96 000 unless
/// this is called.
///
/// From version 48 on wasmtime ends a program that has 100 000 handles and needs one more, unless its
/// embedder allows more. So `bind`, `connect`, `accept` and `lookup` fail with
/// [`QuotaExceeded`](std::io::ErrorKind::QuotaExceeded) while one more might exceed the limit.
/// A connection that cannot be accepted stays with its listener, which is reported again later.
///
/// Call this where the host allows more or fewer. Leave some for what else has handles: timers,
/// the standard streams, sockets of `std`, and what other bindings make.
///
/// # Platform behaviour
///
/// On WASI 0.2 a connection and a UDP socket count as 7 handles each, a listener and a look-up as 3. On
/// WASI 0.3 a connection counts as 4, a UDP socket as 5, a listener as 3 and a look-up as 1. Sockets
/// of `std` do not count.
/// Elsewhere it does nothing: there are no handles.
pub fn set_handle_limit(handles: usize) {
    #[cfg(wasio_resources)]
    crate::sys::net::set_handle_limit(handles);
    #[cfg(not(wasio_resources))]
    let _ = handles;
}

/// A backend's socket that may be made of the standard library's: on most platforms it is that.
pub(crate) trait MaybeStd<S>: Sized {
    fn from_std(socket: S) -> Self;
    fn as_std(&self) -> Option<&S>;
    /// It itself if it is not the standard library's.
    fn into_std(self) -> Result<S, Self>;
}

impl<S> MaybeStd<S> for S {
    fn from_std(socket: S) -> Self {
        socket
    }

    fn as_std(&self) -> Option<&S> {
        Some(self)
    }

    fn into_std(self) -> Result<S, Self> {
        Ok(self)
    }
}

#[cold]
fn no_descriptor() -> io::Error {
    static_error(
        io::ErrorKind::Unsupported,
        "the socket is a resource of the WASI 0.2 host and has no descriptor: \
         make it with `std::net` and `from_std`",
    )
}

//! TCP and UDP sources, and the look-up of names.
//!
//! The types look like those of [`std::net`] and are edge-triggered: read or write until
//! [`WouldBlock`](std::io::ErrorKind::WouldBlock), then poll again. None of their calls waits for a peer.
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
//! | descriptors (`AsRawFd`), into `std` (`From`) | yes | no: the sockets are resources of the host, of which libc makes no descriptors | yes |
//!
//! On WASI 0.2 a socket of the standard library (`from_std`) stays one of libc, and is waited for
//! with its `poll`. Where a poll holds such sockets and others too, it waits in turn, in slices
//! of 1 to 10 ms. [`TcpListener::bind`], [`UdpSocket::bind`] and [`UdpSocket::connect`] wait for the host there, which answers
//! at once; `connect` takes 2 ms where something was received before, or wasmtime 48 would trap. What was written to a stream before it was dropped is sent still, for 5 s at most
//! once the program ends.

mod lookup;
mod options;
mod raw;
mod tcp;
mod udp;

pub(crate) use self::lookup::Name;
pub use self::lookup::{Lookup, lookup};
pub use self::options::TcpKeepalive;
pub use self::tcp::{TcpListener, TcpStream};
pub use self::udp::UdpSocket;

/// A socket of the standard library as the backend's: the same thing on most platforms.
fn backend_socket<S, T: From<S>>(socket: S) -> T {
    T::from(socket)
}

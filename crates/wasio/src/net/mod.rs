//! TCP and UDP sources.
//!
//! The types look like those of [`std::net`] and are edge-triggered: read or write until
//! [`WouldBlock`](std::io::ErrorKind::WouldBlock), then poll again. None of their calls blocks.
//!
//! # Platform behaviour
//!
//! | | WASI 0.1 | natively |
//! |---|---|---|
//! | [`TcpListener::preopened`] | what the host preopened | what systemd's protocol hands in (not on Windows) |
//! | [`TcpListener::accept`], reads, writes, [`TcpStream::peek`], [`TcpStream::shutdown`] | yes | yes |
//! | [`TcpListener::bind`], [`TcpStream::connect`] | [`Unsupported`](std::io::ErrorKind::Unsupported) | yes |
//! | addresses, `nodelay`, `ttl` | [`Unsupported`](std::io::ErrorKind::Unsupported) | yes |
//! | [`UdpSocket`] | [`Unsupported`](std::io::ErrorKind::Unsupported) | yes |

mod raw;
mod tcp;
mod udp;

pub use self::tcp::{TcpListener, TcpStream};
pub use self::udp::UdpSocket;

/// A socket of the standard library as the backend's: the same thing on most platforms.
fn backend_socket<S, T: From<S>>(socket: S) -> T {
    T::from(socket)
}

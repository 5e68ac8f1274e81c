//! Sockets that never block.
//!
//! Their calls, and what each does on WASI, are described in `wasio::net`. The
//! Unix sockets are there on Unix only.
//!
//! # Platform behaviour
//!
//! On WASI 0.2 and 0.3 they are resources of the host, which have no descriptor, and mio promises one:
//!
//! * `AsFd` and `AsRawFd` return a descriptor that is reserved by the first call. It is a socket of
//!   wasi-libc that is never connected, and no other source's. An option that is set there
//!   (`socket2::SockRef`) does not reach the connection. Where the host has no descriptor left, such
//!   sockets share one; the first call in the program panics then.
//! * The conversions into a socket of the standard library or a descriptor return that one, whose
//!   operations are [`NotConnected`](std::io::ErrorKind::NotConnected). `from_std` and `FromRawFd`
//!   make it the same socket again, and take over `nodelay`. If it is closed, the next poll closes
//!   the connection.
//!
//! Any other socket that comes by `from_std` or `FromRawFd` (tokio's `TcpSocket`) stays one of libc,
//! which waits for it with its own `poll`: see `wasio::net` for what is different.

#[cfg(all(target_os = "wasi", target_env = "p2"))]
pub(crate) mod descriptor;
#[cfg(all(target_os = "wasi", target_env = "p2"))]
mod host;
#[cfg(all(target_os = "wasi", target_env = "p2"))]
pub use self::host::{TcpListener, TcpStream, UdpSocket};
#[cfg(not(all(target_os = "wasi", target_env = "p2")))]
pub use wasio::net::{TcpListener, TcpStream, UdpSocket};

#[cfg(unix)]
mod uds;
#[cfg(unix)]
pub use self::uds::{UnixDatagram, UnixListener, UnixStream};

//! Sockets that never block.
//!
//! Their calls, and what each does on WASI, are described in `wasio::net`. The
//! Unix sockets are there on Unix only.
//!
//! # Platform behaviour
//!
//! On WASI 0.2 they are `wasio::net`'s over sockets of wasi-libc, not over the host's own, which
//! have no descriptor: mio promises one on every type, and programs on tokio use it (`into_std`,
//! `TcpSocket`, `socket2::SockRef`). wasio waits for them with libc's `poll`, as quickly as for the
//! host's as long as nothing else is registered; beside a [`Pollable`] or a socket of `wasio::net`
//! it alternates between the two, in slices of 1 to 10 ms. What `peek` returned is kept in the
//! value: only its reads return it, not those of its descriptor.
//!
//! [`Pollable`]: https://docs.rs/wasio/latest/wasm32-wasip2/wasio/struct.Pollable.html

#[cfg(all(target_os = "wasi", target_env = "p2"))]
mod descriptor;
#[cfg(all(target_os = "wasi", target_env = "p2"))]
pub use self::descriptor::{TcpListener, TcpStream, UdpSocket};
#[cfg(not(all(target_os = "wasi", target_env = "p2")))]
pub use wasio::net::{TcpListener, TcpStream, UdpSocket};

#[cfg(unix)]
mod uds;
#[cfg(unix)]
pub use self::uds::{UnixDatagram, UnixListener, UnixStream};

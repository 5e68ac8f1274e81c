//! Sockets that never block.
//!
//! Their calls, and what each does on WASI, are described in `wasio::net`. The
//! Unix sockets are there on Unix only.

pub use wasio::net::{TcpListener, TcpStream, UdpSocket};

#[cfg(unix)]
mod uds;
#[cfg(unix)]
pub use self::uds::{UnixDatagram, UnixListener, UnixStream};

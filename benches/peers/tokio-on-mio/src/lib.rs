//! What the programs of `examples/tokio` take from their library, without wasio.
#![deny(unsafe_code)]

#[cfg(target_env = "p2")]
mod accepting;
#[cfg(target_os = "wasi")]
#[allow(unsafe_code, reason = "names descriptors by their number")]
#[path = "../../mio-echo/src/raw.rs"]
mod raw;

use std::io;

#[cfg(target_env = "p2")]
pub use self::accepting::Listener;
#[cfg(not(target_env = "p2"))]
pub use tokio::net::TcpListener as Listener;

/// The listener that the host hands in.
#[cfg(target_env = "p1")]
pub fn listener() -> io::Result<Listener> {
    let listener = raw::preopened_listener();
    listener.set_nonblocking(true)?;
    Listener::from_std(listener)
}

/// A listener on the address in the first argument, or on any free port of this machine; where it
/// is is printed.
#[cfg(not(target_env = "p1"))]
pub fn listener() -> io::Result<Listener> {
    let address = std::env::args().nth(1);
    let listener = std::net::TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0"))?;
    println!("listening {}", listener.local_addr()?);
    listener.set_nonblocking(true)?;
    Listener::from_std(listener)
}

/// Whether `accept` may be called again after this error.
pub fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

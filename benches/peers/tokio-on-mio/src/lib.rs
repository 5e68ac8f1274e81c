//! The library of the programs in `examples/tokio`, without wasio.
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

/// Returns the listener that the host opened.
#[cfg(target_env = "p1")]
pub fn listener() -> io::Result<Listener> {
    let listener = raw::preopened_listener();
    listener.set_nonblocking(true)?;
    Listener::from_std(listener)
}

/// Binds the address in the first argument, or any free port, and prints the address.
#[cfg(not(target_env = "p1"))]
pub fn listener() -> io::Result<Listener> {
    let address = std::env::args().nth(1);
    let listener = std::net::TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0"))?;
    println!("listening {}", listener.local_addr()?);
    listener.set_nonblocking(true)?;
    Listener::from_std(listener)
}

/// Whether `accept` may be called again at once after this error.
pub fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

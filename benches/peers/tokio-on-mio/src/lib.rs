//! What the programs of `examples/tokio` take from their library, without wasio.
#![deny(unsafe_code)]

use std::io;

use tokio::net::TcpListener;

#[cfg(target_os = "wasi")]
#[allow(unsafe_code, reason = "takes over the listener that the host opened")]
#[path = "../../mio-echo/src/raw.rs"]
mod raw;

/// The listener that the host hands in.
#[cfg(target_os = "wasi")]
pub fn listener() -> io::Result<TcpListener> {
    let listener = raw::preopened_listener();
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// A listener on any free port of this machine, whose address is printed.
#[cfg(not(target_os = "wasi"))]
pub fn listener() -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    println!("{}", listener.local_addr()?);
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
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

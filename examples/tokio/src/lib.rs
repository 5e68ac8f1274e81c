//! Helpers that the examples share.

#[cfg(feature = "live-bytes")]
mod raw;

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::str::FromStr;

use tokio::net::TcpListener;

#[cfg(feature = "live-bytes")]
pub use self::raw::live_bytes;

/// Returns the listener that the host opened. If there is none, binds the address in the program's
/// first argument, or any free port without an argument.
///
/// # Errors
///
/// The error of the host. On WASI 0.1 without a preopened listener: `Unsupported`.
pub fn listener() -> io::Result<TcpListener> {
    #[cfg(not(target_env = "p2"))]
    if let Some(listener) = wasio::net::TcpListener::preopened()? {
        return TcpListener::from_std(listener.into());
    }
    let address = std::env::args().nth(1);
    let address: SocketAddr = parse(address.as_deref().unwrap_or("127.0.0.1:0"))?;
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    println!("listening {}", listener.local_addr()?);
    TcpListener::from_std(listener)
}

/// Parses the text.
///
/// # Errors
///
/// `InvalidInput`, with the text, if it cannot be parsed.
pub fn parse<T: FromStr<Err: Display>>(text: &str) -> io::Result<T> {
    text.parse().map_err(|error| {
        let sentence = format!("{text:?}: {error}");
        io::Error::new(io::ErrorKind::InvalidInput, sentence)
    })
}

/// Whether `accept` may be called again at once after this error: it concerns one connection, whose
/// peer left before it was accepted.
#[must_use]
pub fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

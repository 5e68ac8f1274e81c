//! What the examples share: the listener they serve.

#[cfg(feature = "live-bytes")]
mod raw;

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::str::FromStr;

use tokio::net::TcpListener;

#[cfg(feature = "live-bytes")]
pub use self::raw::live_bytes;

/// The listener that the host hands in or, without one, a new one on the address in
/// the program's first argument (any free port, unless there is one).
///
/// # Errors
///
/// What the host says; WASI 0.1 with no listener handed in: `Unsupported`.
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

/// What the text says, or an error that names it.
///
/// # Errors
///
/// `InvalidInput` if it says nothing of the kind.
pub fn parse<T: FromStr<Err: Display>>(text: &str) -> io::Result<T> {
    text.parse().map_err(|error| {
        let sentence = format!("{text:?}: {error}");
        io::Error::new(io::ErrorKind::InvalidInput, sentence)
    })
}

/// Whether `accept` may be called again after this error: it was about one connection
/// that went away before it was accepted.
#[must_use]
pub fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

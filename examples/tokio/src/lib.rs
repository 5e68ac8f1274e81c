//! What the examples share: the listener they serve.

use std::io;

use tokio::net::TcpListener;

/// The listener that the host hands in or, without one, a new one on the address in
/// the program's first argument (any free port, unless there is one).
///
/// # Errors
///
/// What the host says; WASI 0.1 with no listener handed in: `Unsupported`.
pub fn listener() -> io::Result<TcpListener> {
    if let Some(listener) = wasio::net::TcpListener::preopened()? {
        return TcpListener::from_std(listener.into());
    }
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:0").parse();
    let address = address.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
    let listener = wasio::net::TcpListener::bind(address)?;
    eprintln!("listening on {}", listener.local_addr()?);
    TcpListener::from_std(listener.into())
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

//! Helpers that the examples share.

#[cfg(feature = "live-bytes")]
mod raw;

use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

#[cfg(feature = "live-bytes")]
pub use self::raw::{allocations, live_bytes};

/// The time between two tries to accept while the host has no descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// Returns the listener that the host opened. If there is none, binds the address in the program's
/// first argument, or any free port without an argument.
///
/// # Errors
///
/// The error of the host. On WASI 0.1 without a preopened listener: `Unsupported`.
pub async fn listener() -> io::Result<TcpListener> {
    #[cfg(not(target_env = "p2"))]
    if let Some(listener) = wasio::net::TcpListener::preopened()? {
        return TcpListener::from_std(listener.into());
    }
    let address = std::env::args().nth(1);
    let address: SocketAddr = parse(address.as_deref().unwrap_or("127.0.0.1:0"))?;
    let listener = bind(address).await?;
    println!("listening {}", listener.local_addr()?);
    Ok(listener)
}

#[cfg(not(target_env = "p1"))]
async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// tokio has no `bind` there, and that of the standard library is `Unsupported`.
#[cfg(target_env = "p1")]
async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::from_std(std::net::TcpListener::bind(address)?)
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

/// Returns the next connection. Errors do not end this: the listener goes on.
///
/// An error most often means that the host has no descriptors left. To ask it again at once would
/// use a core for as long as that lasts, so this pauses first.
pub async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                eprintln!("accept: {error}");
                sleep(PAUSE).await;
            }
        }
    }
}

/// Whether the peer left before its connection was accepted. The next one may be waiting.
fn concerns_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
    )
}

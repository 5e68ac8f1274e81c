//! The library of the programs in `examples/tokio`, without wasio.
#![deny(unsafe_code)]

#[cfg(target_env = "p2")]
mod accepting;
#[cfg(target_os = "wasi")]
#[allow(unsafe_code, reason = "names descriptors by their number")]
#[path = "../../mio-echo/src/raw.rs"]
mod raw;

use std::io;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::sleep;

#[cfg(target_env = "p2")]
pub use self::accepting::Listener;
#[cfg(not(target_env = "p2"))]
pub use tokio::net::TcpListener as Listener;

/// The time between two tries to accept while the host has no descriptors left.
const PAUSE: Duration = Duration::from_millis(100);

/// Returns the listener that the host opened.
#[cfg(target_env = "p1")]
pub async fn listener() -> io::Result<Listener> {
    let listener = raw::preopened_listener();
    listener.set_nonblocking(true)?;
    Listener::from_std(listener)
}

/// Binds the address in the first argument, or any free port, and prints the address.
#[cfg(not(target_env = "p1"))]
pub async fn listener() -> io::Result<Listener> {
    let address = std::env::args().nth(1);
    let listener = std::net::TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:0"))?;
    println!("listening {}", listener.local_addr()?);
    listener.set_nonblocking(true)?;
    Listener::from_std(listener)
}

/// Returns the next connection. Errors do not end this: the listener goes on.
pub async fn accept(listener: &Listener) -> TcpStream {
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

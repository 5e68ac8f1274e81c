//! The addresses of names.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;

use wasio::Interest;
use wasio::net::Lookup;

use crate::ToSocketAddrs;
use crate::register::Awaited;
use crate::to_socket_addrs::Target;

/// Returns the addresses of a host, in the order to try them in.
///
/// As `tokio::net::lookup_host`, which needs a thread and so panics on WASI. On WASI this one
/// waits in the poll that the runtime waits in. Dropping the future gives the look-up up.
///
/// # Errors
///
/// They name the host.
///
/// * [`NotFound`](io::ErrorKind::NotFound): there is no such name, or it has no address.
/// * [`InvalidInput`](io::ErrorKind::InvalidInput): no name can be written so, or the port is
///   missing or no number; the message says which.
/// * What else the host says.
///
/// # Platform behaviour
///
/// * WASI 0.1: [`Unsupported`](io::ErrorKind::Unsupported), but addresses stand for themselves.
/// * Elsewhere as [`wasio::net::lookup`].
///
/// # Examples
///
/// ```
/// # #[cfg(not(target_env = "p1"))]
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> std::io::Result<()> {
///     for address in wasio_tokio::lookup_host("localhost:80").await? {
///         assert!(address.ip().is_loopback());
///     }
///     Ok(())
/// }
/// # #[cfg(target_env = "p1")]
/// # fn main() {}
/// ```
pub async fn lookup_host<T: ToSocketAddrs>(
    host: T,
) -> io::Result<impl Iterator<Item = SocketAddr>> {
    let addresses = match host.target()? {
        Target::Addresses(addresses) => addresses,
        Target::Name(name, port) => of_name(name, port).await?,
    };
    Ok(addresses.into_iter())
}

async fn of_name(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let mut lookup = Awaited::new(wasio::net::lookup(name)?, Interest::READABLE);
    let mut addresses = Vec::new();
    while let Some(address) = poll_fn(|context| lookup.poll(context, Lookup::next_address)).await? {
        addresses.push(SocketAddr::new(address, port));
    }
    Ok(addresses)
}

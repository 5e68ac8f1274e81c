//! The echo server of `../shape`, on mio.
#![deny(unsafe_code)]

use std::io;

#[cfg(target_os = "wasi")]
#[allow(unsafe_code, reason = "names descriptors by their number")]
mod raw;
#[path = "../../shape/server.rs"]
mod server;

/// Everything that the shared source needs from the library under test.
mod api {
    pub(crate) use mio::net::{TcpListener, TcpStream};
    pub(crate) use mio::{Events, Interest, Registry, Token};

    use std::io;

    /// mio's `accept` fails on WASI 0.2, because it makes the accepted socket non-blocking with
    /// `fcntl`, which the libc of Rust 1.95 refuses.
    #[cfg(all(target_os = "wasi", target_env = "p2"))]
    pub(crate) fn accept(listener: &mut TcpListener, registry: &Registry) -> io::Result<TcpStream> {
        let accepted = crate::raw::as_std(listener).accept();
        if accepted.is_err() {
            // Needed because mio has not seen that it blocked.
            registry.reregister(listener, crate::server::LISTENER, Interest::READABLE)?;
        }
        let (stream, _) = accepted?;
        stream.set_nonblocking(true)?;
        Ok(TcpStream::from_std(stream))
    }

    #[cfg(not(all(target_os = "wasi", target_env = "p2")))]
    pub(crate) fn accept(listener: &mut TcpListener, _: &Registry) -> io::Result<TcpStream> {
        listener.accept().map(|(stream, _)| stream)
    }

    /// mio polls all sources in every wait, so there is no delay to bound.
    pub(crate) fn poll(_: bool) -> io::Result<mio::Poll> {
        mio::Poll::new()
    }
}

fn main() -> io::Result<()> {
    let options = server::Options::from_args();
    server::run(listener(&options)?, &options)
}

#[cfg(all(target_os = "wasi", target_env = "p1"))]
fn listener(_: &server::Options) -> io::Result<api::TcpListener> {
    let listener = raw::preopened_listener();
    listener.set_nonblocking(true)?;
    Ok(api::TcpListener::from_std(listener))
}

/// Binds with the standard library: on WASI 0.2 mio's `bind` fails for the same reason as its
/// `accept`.
#[cfg(not(all(target_os = "wasi", target_env = "p1")))]
fn listener(options: &server::Options) -> io::Result<api::TcpListener> {
    let listener = std::net::TcpListener::bind(options.address)?;
    listener.set_nonblocking(true)?;
    println!("listening {}", listener.local_addr()?);
    Ok(api::TcpListener::from_std(listener))
}

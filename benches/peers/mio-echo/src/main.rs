//! The echo server of `../shape` on mio.
#![deny(unsafe_code)]

use std::io;

#[cfg(target_os = "wasi")]
#[allow(unsafe_code, reason = "takes over the listener that the host opened")]
mod raw;
#[path = "../../shape/server.rs"]
mod server;

/// All that the shared source needs of the library under test.
mod api {
    pub(crate) use mio::net::{TcpListener, TcpStream};
    pub(crate) use mio::{Events, Interest, Registry, Token};

    /// mio looks at all sources in every poll: there is nothing to bound.
    pub(crate) fn poll(_: bool) -> std::io::Result<mio::Poll> {
        mio::Poll::new()
    }
}

fn main() -> io::Result<()> {
    let options = server::Options::from_args();
    server::run(listener(&options)?, &options)
}

#[cfg(target_os = "wasi")]
fn listener(_: &server::Options) -> io::Result<api::TcpListener> {
    let listener = raw::preopened_listener();
    listener.set_nonblocking(true)?;
    Ok(api::TcpListener::from_std(listener))
}

#[cfg(not(target_os = "wasi"))]
fn listener(options: &server::Options) -> io::Result<api::TcpListener> {
    let listener = api::TcpListener::bind(options.address)?;
    println!("{}", listener.local_addr()?);
    Ok(listener)
}

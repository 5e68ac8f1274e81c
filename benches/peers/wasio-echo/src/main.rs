//! The echo server of `../shape` on wasio.
#![deny(unsafe_code)]

use std::io;

#[path = "../../shape/server.rs"]
mod server;

/// All that the shared source needs of the library under test.
mod api {
    pub(crate) use wasio::net::{TcpListener, TcpStream};
    pub(crate) use wasio::{Events, Interest, Poll, Registry, Token};
}

fn main() -> io::Result<()> {
    let options = server::Options::from_args();
    server::run(listener(&options)?, &options)
}

#[cfg(target_os = "wasi")]
fn listener(_: &server::Options) -> io::Result<api::TcpListener> {
    api::TcpListener::preopened()?.ok_or_else(|| io::Error::other("the host hands in no listener"))
}

#[cfg(not(target_os = "wasi"))]
fn listener(options: &server::Options) -> io::Result<api::TcpListener> {
    let listener = api::TcpListener::bind(options.address)?;
    println!("{}", listener.local_addr()?);
    Ok(listener)
}

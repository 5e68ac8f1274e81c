//! The echo server of `../shape`, on wasio.
#![deny(unsafe_code)]

use std::io;

#[path = "../../shape/server.rs"]
mod server;

/// Everything that the shared source needs from the library under test.
mod api {
    pub(crate) use wasio::net::{TcpListener, TcpStream};
    pub(crate) use wasio::{Events, Interest, Registry, Token};

    use std::io;
    use std::time::Duration;

    pub(crate) fn accept(listener: &mut TcpListener, _: &Registry) -> io::Result<TcpStream> {
        listener.accept().map(|(stream, _)| stream)
    }

    /// With `prompt` a cold source is seen within 200 µs, and sweeps may take more time.
    pub(crate) fn poll(prompt: bool) -> io::Result<wasio::Poll> {
        if !prompt {
            return wasio::Poll::new();
        }
        wasio::Poll::builder()
            .max_delay(Duration::from_micros(200))
            .max_sweep_ratio(0.75)
            .build()
    }
}

fn main() -> io::Result<()> {
    let options = server::Options::from_args();
    server::run(listener(&options)?, &options)
}

/// Returns the listener that the host opened, or binds one.
fn listener(options: &server::Options) -> io::Result<api::TcpListener> {
    if let Some(listener) = api::TcpListener::preopened()? {
        return Ok(listener);
    }
    let listener = api::TcpListener::bind(options.address)?;
    println!("listening {}", listener.local_addr()?);
    Ok(listener)
}

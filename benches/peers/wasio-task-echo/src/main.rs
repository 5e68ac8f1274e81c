//! An echo server on wasio's own executor, with a task per connection.
#![deny(unsafe_code)]

use std::env;
use std::io;
use std::net::SocketAddr;

use wasio::net::{TcpListener, TcpStream};
use wasio::task::{self, Async};

const BUFFER_BYTES: usize = 4 * 1024;

fn main() -> io::Result<()> {
    task::block_on(async {
        let listener = listener()?;
        loop {
            // What ended is one connection: the listener goes on.
            if let Ok((stream, _)) = listener.accept().await {
                task::spawn(echo(stream))?.detach();
            }
        }
    })?
}

async fn echo(stream: Async<TcpStream>) -> io::Result<()> {
    let mut buffer = [0; BUFFER_BYTES];
    loop {
        match stream.read(&mut buffer).await? {
            0 => return Ok(()),
            count => stream.write_all(&buffer[..count]).await?,
        }
    }
}

/// Returns the listener that the host opened, or binds one.
fn listener() -> io::Result<Async<TcpListener>> {
    if let Some(listener) = TcpListener::preopened()? {
        return Async::new(listener);
    }
    let given = env::args().skip(1).find_map(|argument| argument.parse().ok());
    let address = given.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
    let listener = Async::<TcpListener>::bind(address)?;
    println!("listening {}", listener.get_ref().local_addr()?);
    Ok(listener)
}

//! An echo server on wasio's own executor, with a task per connection.
#![deny(unsafe_code)]

use std::env;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use wasio::net::{TcpListener, TcpStream};
use wasio::task::{self, Async};

const BUFFER_BYTES: usize = 4 * 1024;
const PAUSE: Duration = Duration::from_millis(10);

fn main() -> io::Result<()> {
    task::block_on(async {
        let listener = listener()?;
        loop {
            match listener.accept().await {
                Ok((stream, _)) => task::spawn(echo(stream))?.detach(),
                // There may be no descriptor left until a connection ends.
                Err(_) => task::sleep(PAUSE).await?,
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
    let given = env::args()
        .skip(1)
        .find_map(|argument| argument.parse().ok());
    let address = given.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
    let listener = Async::<TcpListener>::bind(address)?;
    println!("listening {}", listener.get_ref().local_addr()?);
    Ok(listener)
}

use std::io;

use wstd::io::{AsyncRead, AsyncWrite};
use wstd::iter::AsyncIterator;
use wstd::net::{TcpListener, TcpStream};

/// The same size as in the other servers.
const BUFFER_BYTES: usize = 64 * 1024;

/// Serves until the process is killed.
pub(crate) async fn run(address: &str) -> io::Result<()> {
    let listener = TcpListener::bind(address).await?;
    println!("listening {}", listener.local_addr()?);
    let mut incoming = listener.incoming();
    while let Some(accepted) = incoming.next().await {
        // An error of one connection does not affect the others.
        if let Ok(stream) = accepted {
            wstd::runtime::spawn(echo(stream)).detach();
        }
    }
    Ok(())
}

async fn echo(stream: TcpStream) -> io::Result<()> {
    let (mut from, mut to) = (&stream, &stream);
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let read = from.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        to.write_all(&buffer[..read]).await?;
    }
}

//! A test guest: prints the address of each peer, and sends back what it sends. Ends when one sends
//! `end`.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use wasio_tokio_examples::listener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = listener().await?;
    let (end, mut ended) = mpsc::channel(1);
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                // Nothing that a peer does is an error here.
                let (stream, peer) = accepted?;
                println!("{peer}");
                let end = end.clone();
                tokio::spawn(async move {
                    if let Ok(true) = echo(stream, peer).await {
                        let _ = end.send(()).await;
                    }
                });
            }
            _ = ended.recv() => return Ok(()),
        }
    }
}

/// Returns whether the peer has sent `end`.
async fn echo(mut stream: TcpStream, peer: SocketAddr) -> io::Result<bool> {
    let mut buffer = [0; 1024];
    loop {
        // A peer that has gone has no address any more.
        if let Ok(address) = stream.peer_addr() {
            assert_eq!(address, peer);
        }
        match stream.read(&mut buffer).await? {
            0 => return Ok(false),
            len if &buffer[..len] == b"end" => return Ok(true),
            len => stream.write_all(&buffer[..len]).await?,
        }
    }
}

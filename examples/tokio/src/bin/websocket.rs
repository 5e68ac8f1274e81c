//! A WebSocket server that echoes each message.

use std::io;

use futures_util::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio_tungstenite::accept_async;
use tokio_tungstenite::tungstenite::Error;
use wasio_tokio_examples::{accept, listener};

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = listener().await?;
    loop {
        tokio::spawn(serve(accept(&listener).await));
    }
}

async fn serve(stream: TcpStream) {
    match echo(stream).await {
        Ok(()) | Err(Error::ConnectionClosed | Error::Protocol(_) | Error::Io(_)) => {}
        Err(error) => eprintln!("{error}"),
    }
}

async fn echo(stream: TcpStream) -> Result<(), Error> {
    let mut socket = accept_async(stream).await?;
    while let Some(message) = socket.next().await {
        let message = message?;
        if message.is_text() || message.is_binary() {
            socket.send(message).await?;
        }
    }
    Ok(())
}

//! A WebSocket client on tokio-tungstenite. It sends messages to the server in its first argument,
//! which echoes them.

use std::env;
use std::io;

use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::{Error, Message};

const MESSAGES: usize = 50;
const LONGEST: usize = 200_000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let address = env::args().nth(1).ok_or_else(no_address)?;
    let (mut socket, _) = connect_async(format!("ws://{address}/")).await?;
    for number in 0..MESSAGES {
        let bytes = vec![number.to_le_bytes()[0]; number * LONGEST / MESSAGES];
        for message in [
            Message::binary(bytes),
            Message::text(format!("message {number}")),
        ] {
            socket.send(message.clone()).await?;
            let answer = socket.next().await.ok_or(Error::ConnectionClosed)??;
            assert!(answer == message, "message {number} came back as another");
        }
    }
    socket.close(None).await?;
    while let Some(Ok(_)) = socket.next().await {}
    println!("{} messages", 2 * MESSAGES);
    Ok(())
}

fn no_address() -> io::Error {
    let sentence = "the server's address is missing: websocket-client 127.0.0.1:8080";
    io::Error::new(io::ErrorKind::InvalidInput, sentence)
}

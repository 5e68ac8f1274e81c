//! A test guest: it drops each read after a millisecond and starts another. At the end it sends the
//! number of dropped reads in a line, followed by everything it has read.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wasio_tokio_examples::listener;

const PATIENCE: Duration = Duration::from_millis(1);

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let (mut stream, _) = listener().await?.accept().await?;
    let mut bytes = Vec::new();
    let mut dropped = 0;
    loop {
        let mut buffer = [0; 700];
        let reading = stream.read(&mut buffer);
        match tokio::time::timeout(PATIENCE, reading).await {
            Ok(read) => match read? {
                0 => break,
                read => bytes.extend_from_slice(&buffer[..read]),
            },
            Err(_) => dropped += 1,
        }
    }
    let head = format!("{dropped}\n");
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(&bytes).await
}

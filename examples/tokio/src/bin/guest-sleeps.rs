//! A test guest: it measures its sleeps while it echoes to busy connections, starting with the
//! first connection. It prints a line per sleep: the requested milliseconds, and the microseconds
//! it took.

use std::io;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;
use wasio_tokio_examples::{accept, listener};

/// The length of the sleeps in milliseconds, and their number.
const SLEEPS: [(u64, u32); 8] = [
    (1, 25),
    (2, 25),
    (5, 25),
    (10, 25),
    (50, 9),
    (100, 9),
    (300, 3),
    (1000, 3),
];

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = listener().await?;
    tokio::spawn(echo(accept(&listener).await));
    tokio::spawn(serve(listener));
    for (ms, times) in SLEEPS {
        for _ in 0..times {
            let start = Instant::now();
            sleep(Duration::from_millis(ms)).await;
            println!("{ms} {}", start.elapsed().as_micros());
        }
    }
    Ok(())
}

async fn serve(listener: TcpListener) {
    loop {
        tokio::spawn(echo(accept(&listener).await));
    }
}

async fn echo(mut stream: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 1024];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&buffer[..read]).await?;
    }
}

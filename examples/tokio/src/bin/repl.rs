//! A TCP server with a console: lines of standard input, connections and a timer in one `select!`.
//!
//! A line of standard input goes to every client, and a line of a client to standard output. `count`
//! prints how many clients there are. The program ends when the input ends.

use std::time::Duration;
use std::{io, mem};

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::sync::{broadcast, mpsc};
use tokio::time::interval;
use wasio_tokio::{stderr, stdin, stdout};
use wasio_tokio_examples::{accept, listener};

const TICK: Duration = Duration::from_millis(10);
/// A longer line of a client is taken in parts.
const LONGEST_LINE: u64 = 64 * 1024;
/// The lines that a slow client may be behind.
const BEHIND: usize = 64;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let listener = listener().await?;
    let mut console = BufReader::new(stdin()).lines();
    let mut output = stdout();
    let mut ticks = interval(TICK);
    let mut tick_count = 0;
    let (to_clients, _) = broadcast::channel(BEHIND);
    let (to_console, mut from_clients) = mpsc::channel(BEHIND);
    loop {
        tokio::select! {
            line = console.next_line() => match line? {
                None => break,
                Some(line) if line == "count" => {
                    let count = format!("{} clients\n", to_clients.receiver_count());
                    output.write_all(count.as_bytes()).await?;
                }
                // Without a client nobody hears it.
                Some(line) => drop(to_clients.send(line + "\n")),
            },
            stream = accept(&listener) => {
                tokio::spawn(serve(stream, to_clients.subscribe(), to_console.clone()));
            }
            Some(line) = from_clients.recv() => output.write_all(line.as_bytes()).await?,
            _ = ticks.tick() => tick_count += 1,
        }
    }
    output.write_all(b"end\n").await?;
    let text = format!("{tick_count} ticks\n");
    stderr().write_all(text.as_bytes()).await
}

/// Serves a client until it leaves.
async fn serve(
    mut stream: TcpStream,
    mut from_console: broadcast::Receiver<String>,
    to_console: mpsc::Sender<String>,
) {
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    loop {
        tokio::select! {
            line = from_console.recv() => {
                let text = line.unwrap_or_else(|_| "too slow: lines are missing\n".to_owned());
                if writer.write_all(text.as_bytes()).await.is_err() {
                    return;
                }
            }
            // What was read stays in `line` when the other branch is first.
            read = read_line(&mut reader, &mut line) => {
                let text = String::from_utf8_lossy(&mem::take(&mut line)).into_owned();
                if read.is_err() || text.is_empty() || to_console.send(text).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Reads the rest of a line, which ends where it is too long. An empty one is the end of the stream.
async fn read_line(reader: &mut (impl AsyncBufRead + Unpin), line: &mut Vec<u8>) -> io::Result<()> {
    let room = LONGEST_LINE.saturating_sub(line.len() as u64);
    reader.take(room).read_until(b'\n', line).await?;
    if !line.is_empty() && line.last() != Some(&b'\n') {
        line.push(b'\n');
    }
    Ok(())
}

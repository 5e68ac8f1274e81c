//! A chat server: each line from one client is sent to all the others.
//!
//! Each client has a queue of 64 lines. While the queue of a slow reader is full, the tasks that
//! send to it wait. That is the backpressure: a sender is read no faster than the slowest reader
//! reads. A reader that takes nothing for two seconds is disconnected.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task::{AbortHandle, LocalSet, spawn_local};
use wasio_tokio_examples::{accept, listener};

const QUEUE: usize = 64;
const LONGEST_LINE: u64 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(2);

type Line = Rc<[u8]>;

/// The clients: the queue of each, and its writer.
#[derive(Default)]
struct Room {
    clients: HashMap<u64, (Sender<Line>, AbortHandle)>,
}

type Shared = Rc<RefCell<Room>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    LocalSet::new().run_until(serve()).await
}

async fn serve() -> io::Result<()> {
    let listener = listener().await?;
    let room = Shared::default();
    let mut next = 0;
    loop {
        join(&room, next, accept(&listener).await);
        next += 1;
    }
}

fn join(room: &Shared, client: u64, stream: TcpStream) {
    let (reader, writer) = stream.into_split();
    let (sender, receiver) = mpsc::channel(QUEUE);
    let gone = sender.clone();
    let writing = spawn_local(write(receiver, writer)).abort_handle();
    room.borrow_mut().clients.insert(client, (sender, writing));
    let room = Rc::clone(room);
    spawn_local(async move {
        tokio::select! {
            // An error of one client does not affect the others.
            _ = read(&room, client, reader) => {}
            // It was cut off: what it still holds goes, also if it says nothing more.
            () = gone.closed() => {}
        }
        leave(&room, client);
    });
}

fn leave(room: &Shared, client: u64) {
    let left = room.borrow_mut().clients.remove(&client);
    if let Some((_, writing)) = left {
        writing.abort();
    }
}

async fn read(room: &Shared, client: u64, reader: OwnedReadHalf) -> io::Result<()> {
    let mut reader = BufReader::new(reader);
    loop {
        let mut line = Vec::new();
        let mut limited = (&mut reader).take(LONGEST_LINE);
        limited.read_until(b'\n', &mut line).await?;
        if line.last() != Some(&b'\n') || !room.borrow().clients.contains_key(&client) {
            return Ok(());
        }
        send_to_others(room, client, &line.into()).await;
    }
}

async fn send_to_others(room: &Shared, client: u64, line: &Line) {
    let others: Vec<_> = {
        let room = room.borrow();
        let others = room.clients.iter().filter(|(other, _)| **other != client);
        others
            .map(|(other, (queue, _))| (*other, queue.clone()))
            .collect()
    };
    for (other, queue) in others {
        if queue.send_timeout(line.clone(), PATIENCE).await.is_err() {
            leave(room, other);
        }
    }
}

async fn write(mut queue: Receiver<Line>, mut writer: OwnedWriteHalf) {
    while let Some(line) = queue.recv().await {
        if writer.write_all(&line).await.is_err() {
            return;
        }
    }
}

//! One connection of a [`load`](super::load).

use std::cell::RefCell;
use std::io;
use std::ops::RangeInclusive;
use std::rc::Rc;
use std::time::{Duration, Instant};

use futures_util::future::try_join;
use hdrhistogram::Histogram;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::ReadHalf;

/// The size of a slow reader's reads, and its pause after each.
const SLOW_READ_BYTES: usize = 16 * 1024;
const SLOW_REST: Duration = Duration::from_millis(1);

/// The number of positions in the pattern at which a message may start.
pub(super) const PATTERN_BYTES: usize = 1 << 20;

/// The behaviour of one connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Plain,
    SlowReader,
    HalfClose,
    Reset,
}

/// The progress of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// The number of messages that came back whole.
    pub messages: u64,
    /// The number of bytes that came back and were right.
    pub bytes: u64,
}

/// The state shared by all connections of a run.
#[derive(Debug)]
pub(super) struct Shared<F> {
    pub(super) pattern: Rc<[u8]>,
    pub(super) sizes: RangeInclusive<usize>,
    /// The buffer of all reads, so that a connection needs none.
    pub(super) buffer: RefCell<Vec<u8>>,
    pub(super) tally: RefCell<Tally<F>>,
}

#[derive(Debug)]
pub(super) struct Tally<F> {
    pub(super) done: Progress,
    pub(super) latency_ns: Histogram<u64>,
    pub(super) on_progress: F,
}

impl<F: FnMut(&Progress)> Tally<F> {
    fn count(&mut self, bytes: usize, latency: Option<Duration>) {
        self.done.messages += 1;
        self.done.bytes += bytes as u64;
        if let Some(latency) = latency {
            let ns = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
            self.latency_ns.saturating_record(ns);
        }
        (self.on_progress)(&self.done);
    }
}

/// Runs the behaviour `kind` on `stream`.
pub(super) async fn play<F: FnMut(&Progress)>(
    stream: &mut TcpStream,
    kind: Kind,
    messages: usize,
    seed: u64,
    shared: &Shared<F>,
) -> io::Result<()> {
    match kind {
        Kind::Plain => ping_pong(stream, messages, seed, shared).await,
        Kind::SlowReader => all_at_once(stream, messages, seed, shared, kind).await,
        Kind::HalfClose => {
            all_at_once(stream, messages, seed, shared, kind).await?;
            expect_end(stream, shared).await
        }
        Kind::Reset => up_to_a_reset(stream, messages, seed, shared).await,
    }
}

/// Sends one message after the other, each after the previous one has come back.
async fn ping_pong<F: FnMut(&Progress)>(
    stream: &mut TcpStream,
    messages: usize,
    seed: u64,
    shared: &Shared<F>,
) -> io::Result<()> {
    let mut dice = StdRng::seed_from_u64(seed);
    let (mut reader, mut writer) = stream.split();
    for _ in 0..messages {
        let (at, len) = next_message(&mut dice, &shared.sizes);
        let message = &shared.pattern[at..at + len];
        let start = Instant::now();
        // Both at once: a server may send back the start before it has read the end.
        try_join(
            writer.write_all(message),
            check(&mut reader, message, usize::MAX, shared),
        )
        .await?;
        shared.tally.borrow_mut().count(len, Some(start.elapsed()));
    }
    Ok(())
}

/// Sends all messages without waiting, and checks them as they come back.
async fn all_at_once<F: FnMut(&Progress)>(
    stream: &mut TcpStream,
    messages: usize,
    seed: u64,
    shared: &Shared<F>,
    kind: Kind,
) -> io::Result<()> {
    let (mut reader, mut writer) = stream.split();
    let mut dice_of_sender = StdRng::seed_from_u64(seed);
    let sending = async {
        for _ in 0..messages {
            let (at, len) = next_message(&mut dice_of_sender, &shared.sizes);
            writer.write_all(&shared.pattern[at..at + len]).await?;
        }
        if kind == Kind::HalfClose {
            writer.shutdown().await?;
        }
        io::Result::Ok(())
    };
    let mut dice_of_reader = StdRng::seed_from_u64(seed);
    let most = if kind == Kind::SlowReader {
        SLOW_READ_BYTES
    } else {
        usize::MAX
    };
    let reading = async {
        for _ in 0..messages {
            let (at, len) = next_message(&mut dice_of_reader, &shared.sizes);
            check(&mut reader, &shared.pattern[at..at + len], most, shared).await?;
            shared.tally.borrow_mut().count(len, None);
        }
        Ok(())
    };
    try_join(sending, reading).await?;
    Ok(())
}

/// Exchanges some messages, and sends another one without waiting for it.
async fn up_to_a_reset<F: FnMut(&Progress)>(
    stream: &mut TcpStream,
    messages: usize,
    seed: u64,
    shared: &Shared<F>,
) -> io::Result<()> {
    let mut dice = StdRng::seed_from_u64(seed);
    // One at least: the server does not see a peer that has gone before it is accepted.
    let whole = dice.random_range(1..messages.max(2));
    ping_pong(stream, whole, seed, shared).await?;
    let (at, len) = next_message(&mut dice, &shared.sizes);
    stream.write_all(&shared.pattern[at..at + len]).await
}

/// Reads as many bytes as `expected` has, at most `most` at a time, and compares them.
async fn check<F>(
    reader: &mut ReadHalf<'_>,
    expected: &[u8],
    most: usize,
    shared: &Shared<F>,
) -> io::Result<()> {
    let mut seen = 0;
    while seen < expected.len() {
        reader.readable().await?;
        let got = {
            let mut buffer = shared.buffer.borrow_mut();
            let room = (expected.len() - seen).min(most).min(buffer.len());
            match reader.try_read(&mut buffer[..room]) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(got) if buffer[..got] == expected[seen..seen + got] => got,
                Ok(_) => return Err(io::Error::other("wrong bytes came back")),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(error) => return Err(error),
            }
        };
        seen += got;
        if most != usize::MAX {
            tokio::time::sleep(SLOW_REST).await;
        }
    }
    Ok(())
}

/// Expects the end of file, with no bytes before it.
async fn expect_end<F>(stream: &TcpStream, shared: &Shared<F>) -> io::Result<()> {
    loop {
        stream.readable().await?;
        match stream.try_read(&mut shared.buffer.borrow_mut()[..1]) {
            Ok(0) => return Ok(()),
            Ok(_) => return Err(io::Error::other("more bytes came back than were sent")),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

/// The position of the next message in the pattern, and its length.
fn next_message(dice: &mut StdRng, sizes: &RangeInclusive<usize>) -> (usize, usize) {
    let len_bytes = dice.random_range(sizes.clone());
    (dice.random_range(0..PATTERN_BYTES), len_bytes)
}

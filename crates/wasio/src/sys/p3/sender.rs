//! Writing to a stream of the host's: what the host does not take at once it is given a copy of, and
//! that write is in flight. Until it has ended no other is taken.
//!
//! A long write to a socket is tried from the caller's memory first, and cancelled where it has not
//! ended.

use std::io;

use super::alone::Part;
use super::bindings::{Event, Moved, WriteEnd};
use super::operations;
use super::signals::Signal;
use super::unsent;
use crate::lock::Lock;
use crate::portable::Direction;

/// The most that is taken at once.
const LARGEST: usize = 64 * 1024;
/// From this length on a copy costs more than a write that is cancelled.
const LONG: usize = 4 * 1024;

/// The buffer of the next write, whichever stream it is of: most writes end at once.
static SPARE: Lock<Vec<u8>> = Lock::new(Vec::new());

/// The buffer for a copy of this length. A large one would stay with a short write for as long as its
/// peer does not read.
fn buffer_for(len: usize) -> Vec<u8> {
    let spare = &mut *SPARE.lock();
    if spare.capacity() > LONG.max(4 * len) {
        return Vec::with_capacity(len);
    }
    std::mem::take(spare)
}

/// How much of a write is taken at once.
pub(crate) fn offered_of(len: usize) -> usize {
    len.min(LARGEST)
}

#[derive(Debug, Default)]
pub(super) struct Sender {
    /// `None` before there is one, and once it was closed.
    stream: Option<WriteEnd>,
    /// What part of the bytes in flight is to be written. None is when the two are equal.
    from: usize,
    to: usize,
    /// The stream is to be closed when that is written.
    is_closing: bool,
    /// The host took no more although there was something to be written.
    has_lost: bool,
    /// Long writes are copied too, and no write is cancelled.
    copies_all: bool,
}

impl Sender {
    /// Of standard output or standard error. A host may have taken all bytes of a write and flush
    /// them until the write ends. A cancel would end the flush too.
    pub(super) fn of_output(stream: WriteEnd) -> Self {
        Self {
            stream: Some(stream),
            copies_all: true,
            ..Self::default()
        }
    }

    #[cfg(any(feature = "net", test))]
    pub(super) fn open(&mut self, stream: WriteEnd) {
        self.stream = Some(stream);
    }

    /// Writes what there is room for, and returns how much that is.
    pub(super) fn write(&mut self, signal: &Signal, bytes: &[u8]) -> io::Result<usize> {
        if self.is_closing || self.stream.is_none() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if self.is_busy() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let taken = &bytes[..offered_of(bytes.len())];
        let written = self.write_at_once(taken);
        self.push_copy(signal, &taken[written..]);
        self.say_ready(signal);
        if self.stream.is_none() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(taken.len())
    }

    /// Ends the stream once everything is written.
    #[cfg(any(feature = "net", test))]
    pub(super) fn close(&mut self) {
        if self.is_busy() {
            self.is_closing = true;
        } else {
            self.stream = None;
        }
    }

    /// As [`is_busy`](Self::is_busy), with `BrokenPipe` once the host never will.
    pub(super) fn try_is_busy(&self) -> io::Result<bool> {
        if self.has_lost {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(self.is_busy())
    }

    fn say_ready(&self, signal: &Signal) {
        signal.set(Direction::Write, !self.is_busy());
    }

    /// Whether the host has not sent yet what it took.
    pub(super) fn is_busy(&self) -> bool {
        self.from < self.to
    }

    /// Writes what the host takes at once of what is long, and leaves nothing in flight.
    fn write_at_once(&mut self, bytes: &[u8]) -> usize {
        if self.copies_all || bytes.len() < LONG {
            return 0;
        }
        let Some(stream) = &mut self.stream else {
            return 0;
        };
        let moved = stream.write_at_once(bytes);
        if moved.is_last {
            self.stream = None;
        }
        moved.count.min(bytes.len())
    }

    /// Writes a copy.
    fn push_copy(&mut self, signal: &Signal, bytes: &[u8]) {
        if bytes.is_empty() || self.stream.is_none() {
            return;
        }
        let mut copy = buffer_for(bytes.len());
        copy.clear();
        copy.extend_from_slice(bytes);
        (self.from, self.to) = (0, copy.len());
        self.push(signal, copy);
    }

    /// Writes until everything is written or a write is in flight.
    fn push(&mut self, signal: &Signal, mut bytes: Vec<u8>) {
        while self.is_busy()
            && let Some(stream) = &mut self.stream
        {
            let waitable = stream.waitable();
            match stream.start(bytes, self.from, self.to) {
                Some((back, moved)) => {
                    bytes = back;
                    self.take_up(moved);
                }
                None => {
                    unsent::note();
                    return operations::add(waitable, signal);
                }
            }
        }
        *SPARE.lock() = bytes;
        if self.is_closing {
            self.stream = None;
        }
    }

    fn take_up(&mut self, moved: Moved) {
        self.from += moved.count;
        if moved.is_last || (moved.count == 0 && !moved.is_cancelled) {
            // The peer, or the host, takes no more. A write that moved nothing counts as that too:
            // a host could end any number of them so. One that a late cancel has ended does not.
            self.stream = None;
            self.has_lost |= self.is_busy();
            self.from = self.to;
        }
    }
}

impl Part for Sender {
    fn complete(&mut self, signal: &Signal, event: Event) -> bool {
        let written = self.stream.as_mut().and_then(|one| one.ended(event));
        let Some((bytes, moved)) = written else {
            return false;
        };
        self.take_up(moved);
        self.push(signal, bytes);
        self.say_ready(signal);
        true
    }

    fn has_unsent(&self) -> bool {
        self.is_busy()
    }
}

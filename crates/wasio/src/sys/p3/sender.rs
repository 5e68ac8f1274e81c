//! Writing to a stream of the host's: what the host does not take at once it is given a copy of, and
//! that write is in flight. Until it has ended no other is taken.
//!
//! A long write is tried from the caller's memory first, and cancelled where it has not ended.

use std::fmt;
use std::io;

use super::bindings::{Event, Moved, WriteEnd};
use super::operations::{self, Alone, Completes, Part};
use super::signals::Signal;
use super::target::SignalId;
use crate::lock::{Guard, Lock};

/// The most that is taken at once.
const LARGEST: usize = 64 * 1024;
/// From this length on a copy costs more than a write that is cancelled.
const LONG: usize = 4 * 1024;

/// The buffer of the next write, whichever stream it is of: most writes end at once.
static SPARE: Lock<Vec<u8>> = Lock::new(Vec::new());

pub(super) struct Sender {
    signal: Signal,
    state: Lock<State>,
}

#[derive(Debug)]
struct State {
    /// `None` before there is one, and once it was closed.
    stream: Option<WriteEnd>,
    /// What part of the bytes in flight is to be written. None is when the two are equal.
    from: usize,
    to: usize,
    /// The stream is to be closed when that is written.
    is_closing: bool,
}

impl Sender {
    /// Of a stream that comes later: [`open`](Self::open).
    pub(super) fn new() -> Self {
        Self {
            signal: Signal::new(false),
            state: Lock::new(State {
                stream: None,
                from: 0,
                to: 0,
                is_closing: false,
            }),
        }
    }

    pub(super) fn open(&self, stream: WriteEnd) {
        self.state().stream = Some(stream);
        self.signal.set(true);
    }

    /// The signal that it can be written to.
    pub(super) fn signal(&self) -> SignalId {
        self.signal.id()
    }

    /// Has who waits for it meet the error of its source.
    #[cfg(feature = "net")]
    pub(super) fn set_ready(&self) {
        self.signal.set(true);
    }

    fn state(&self) -> Guard<'_, State> {
        self.state.lock()
    }

    /// Whether the host has not sent yet what it took.
    pub(super) fn has_unsent(&self) -> bool {
        self.state().is_busy()
    }

    /// Blocks until the host has sent what it took.
    pub(super) fn wait_until_sent(&self) {
        while self.has_unsent() {
            operations::wait();
        }
    }

    /// Writes what there is room for, and returns how much that is.
    pub(super) fn write(&self, owner: &dyn Completes, bytes: &[u8]) -> io::Result<usize> {
        if self.state().is_busy() {
            operations::progress();
        }
        let state = &mut *self.state();
        if state.is_busy() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        if state.stream.is_none() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        let taken = &bytes[..bytes.len().min(LARGEST)];
        let written = state.write_at_once(taken);
        state.push_copy(owner, &taken[written..]);
        self.signal.set(!state.is_busy());
        if state.stream.is_none() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        Ok(taken.len())
    }

    /// Ends the stream once everything is written.
    #[cfg(feature = "net")]
    pub(super) fn close(&self) {
        let state = &mut *self.state();
        if state.is_busy() {
            state.is_closing = true;
        } else {
            state.stream = None;
        }
    }
}

impl State {
    fn is_busy(&self) -> bool {
        self.from < self.to
    }

    /// Writes what the host takes at once of what is long, and leaves nothing in flight.
    fn write_at_once(&mut self, bytes: &[u8]) -> usize {
        let Some(stream) = self.stream.as_mut().filter(|_| bytes.len() >= LONG) else {
            return 0;
        };
        let moved = stream.write_at_once(bytes);
        if moved.is_last {
            self.stream = None;
        }
        moved.count.min(bytes.len())
    }

    /// Writes a copy.
    fn push_copy(&mut self, owner: &dyn Completes, bytes: &[u8]) {
        if bytes.is_empty() || self.stream.is_none() {
            return;
        }
        let mut copy = std::mem::take(&mut *SPARE.lock());
        copy.clear();
        copy.extend_from_slice(bytes);
        (self.from, self.to) = (0, copy.len());
        self.push(owner, copy);
    }

    /// Writes until everything is written or a write is in flight.
    fn push(&mut self, owner: &dyn Completes, mut bytes: Vec<u8>) {
        while self.is_busy()
            && let Some(stream) = &mut self.stream
        {
            let waitable = stream.waitable();
            match stream.start(bytes, self.from, self.to) {
                Some((back, moved)) => {
                    bytes = back;
                    self.take_up(moved);
                }
                None => return operations::add(waitable, owner),
            }
        }
        *SPARE.lock() = bytes;
        if self.is_closing {
            self.stream = None;
        }
    }

    fn take_up(&mut self, moved: Moved) {
        self.from += moved.count;
        if moved.is_last || moved.count == 0 {
            // The peer, or the host, takes no more. A write that moved nothing counts as that too: a
            // host could end any number of them so.
            self.stream = None;
            self.from = self.to;
        }
    }
}

impl Part for Sender {
    fn complete(&self, owner: &dyn Completes, event: Event) -> bool {
        let state = &mut *self.state();
        let written = state.stream.as_mut().and_then(|one| one.ended(event));
        let Some((bytes, moved)) = written else {
            return false;
        };
        state.take_up(moved);
        state.push(owner, bytes);
        self.signal.set(!state.is_busy());
        true
    }
}

impl Alone<Sender> {
    /// As [`Sender::write`].
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Sender::write(self, self, bytes)
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        if let Some(stream) = self.state.lock().stream.take() {
            operations::remove(stream.waitable());
        }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.lock().fmt(f)
    }
}

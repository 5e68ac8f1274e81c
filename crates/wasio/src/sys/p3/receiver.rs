//! Reading a stream of the host's: while the program waits, one read is in flight whenever nothing is
//! there to be read.
//!
//! The buffer of a read in flight is small, whatever the stream has brought before, so that ten
//! thousand quiet connections keep little memory. Where it was filled, the rest is read at once into
//! the caller's own: such a read is cancelled if the host has nothing.

use std::fmt;
use std::io;

use super::alone::Part;
use super::bindings::{Event, FutureResult, Moved, ReadEnd, ResultFuture};
use super::operations;
use super::signals::Signal;
use super::unread::Unread;
use crate::portable::Direction;

/// The length of a read in flight, and so of the buffer that an idle connection keeps. With the four
/// bytes that the allocator adds, the buffer takes 128.
const IN_FLIGHT: usize = 124;
/// The most that is read at once.
const LARGEST: usize = 64 * 1024;

/// How a stream's error is returned.
pub(super) type ToError<E> = fn(E) -> io::Error;

pub(super) struct Receiver<R: FutureResult> {
    phase: Phase,
    /// `None` before there is one, and once it has ended.
    stream: Option<ReadEnd>,
    /// How the stream ended. After `stream`, which goes first.
    end: Option<ResultFuture<R>>,
    unread: Unread,
    /// The last read filled its buffer: the host probably has more.
    may_have_more: bool,
    /// Whether [`operations::defer`] was called, and its call has not come.
    is_listed: bool,
    /// Whether the last read was deferred and ended at once.
    ended_at_once: bool,
    to_error: ToError<R::Error>,
}

#[derive(Debug)]
enum Phase {
    Idle,
    /// Everything was read. The next read starts before the next wait.
    Deferred,
    /// A read is in flight.
    Reading,
    /// The stream has ended, and the host does not say yet how: that read is in flight.
    Ending,
    /// With the error, until it is returned.
    Ended(Option<io::Error>),
}

impl<R: FutureResult> Receiver<R> {
    /// Of a stream that comes later: [`open`](Self::open).
    pub(super) fn new(to_error: ToError<R::Error>) -> Self {
        Self {
            phase: Phase::Idle,
            stream: None,
            end: None,
            unread: Unread::default(),
            may_have_more: false,
            is_listed: false,
            ended_at_once: false,
            to_error,
        }
    }

    pub(super) fn open(&mut self, (stream, end): (ReadEnd, ResultFuture<R>)) {
        self.stream = Some(stream);
        self.end = Some(end);
    }

    /// The memory of what was read, and not yet by the program.
    #[cfg(test)]
    pub(super) fn kept_bytes(&self) -> usize {
        self.unread.capacity()
    }

    /// Has a read in flight, unless there is something to be read.
    pub(super) fn arm(&mut self, signal: &Signal) {
        self.ensure_read(signal);
        self.say_ready(signal);
    }

    fn say_ready(&self, signal: &Signal) {
        signal.set(Direction::Read, self.is_ready());
    }

    /// Reads what has arrived. 0 is the end of the stream.
    pub(super) fn read(&mut self, signal: &Signal, target: &mut [u8]) -> io::Result<usize> {
        let mut read = self.unread.take(target);
        while read < target.len() && self.is_idle() && (read == 0 || self.may_have_more) {
            let more = self.read_more(signal, &mut target[read..]);
            if more == 0 {
                break;
            }
            read += more;
        }
        let result = self.result(read, target);
        if read > 0 {
            self.defer_read(signal);
        } else {
            self.ensure_read(signal);
        }
        self.say_ready(signal);
        result
    }

    /// The same, and leaves what is read for the next read.
    #[cfg(any(feature = "net", test))]
    pub(super) fn peek(&mut self, signal: &Signal, target: &mut [u8]) -> io::Result<usize> {
        self.fill(signal, target.len());
        self.ensure_read(signal);
        self.say_ready(signal);
        let len = self.unread.copy(target);
        self.result(len, target)
    }

    /// What a read or a peek that has `len` bytes returns.
    fn result(&mut self, len: usize, target: &[u8]) -> io::Result<usize> {
        match &mut self.phase {
            _ if len > 0 || target.is_empty() => Ok(len),
            Phase::Ended(error) => error.take().map_or(Ok(0), Err),
            _ => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Ends the stream on this side: what was not read is lost.
    #[cfg(feature = "net")]
    pub(super) fn shut_down(&mut self, signal: &Signal) {
        self.stream = None;
        self.end = None;
        self.unread = Unread::default();
        self.phase = Phase::Ended(None);
        self.say_ready(signal);
    }

    /// Whether a read may return something. So it may where the host has ended one with nothing, and
    /// none is in flight: the next read tries again.
    fn is_ready(&self) -> bool {
        !self.unread.is_empty()
            || match self.phase {
                Phase::Idle => self.stream.is_some(),
                Phase::Deferred | Phase::Reading | Phase::Ending => false,
                Phase::Ended(_) => true,
            }
    }

    /// Whether the stream goes on, and no operation is in flight.
    fn is_idle(&self) -> bool {
        matches!(self.phase, Phase::Idle | Phase::Deferred)
    }

    /// Whether an operation is in flight.
    pub(super) fn is_busy(&self) -> bool {
        matches!(self.phase, Phase::Reading | Phase::Ending)
    }

    /// Reads more of an idle stream. At 0 a read is in flight, or the host has ended one with nothing.
    fn read_more(&mut self, signal: &Signal, target: &mut [u8]) -> usize {
        if self.may_have_more && target.len() > IN_FLIGHT {
            return self.read_at_once(signal, target);
        }
        self.start(signal);
        self.unread.take(target)
    }

    /// Reads ahead until `wanted` bytes are there, or the host has no more now.
    #[cfg(any(feature = "net", test))]
    fn fill(&mut self, signal: &Signal, wanted: usize) {
        while self.unread.len() < wanted && self.is_idle() {
            let before = self.unread.len();
            if self.may_have_more {
                let mut buffer = vec![0; (wanted - before).min(LARGEST)];
                let more = self.read_at_once(signal, &mut buffer);
                buffer.truncate(more);
                // It may be kept for as long as the peer is silent.
                buffer.shrink_to_fit();
                self.unread.push(buffer);
            } else {
                self.start(signal);
            }
            if self.unread.len() == before {
                break;
            }
        }
    }

    fn ensure_read(&mut self, signal: &Signal) {
        if self.is_idle() && self.unread.is_empty() {
            self.start(signal);
        }
    }

    /// As [`ensure_read`](Self::ensure_read), but before the next wait: the peer may have sent more by
    /// then, so that the read ends at once, without an event. The read after such a one is not
    /// deferred, and most likely has an event: a program whose reads all end at once never blocks, and
    /// a host may need that to serve the others.
    fn defer_read(&mut self, signal: &Signal) {
        if std::mem::take(&mut self.ended_at_once) {
            return self.ensure_read(signal);
        }
        if self.is_idle() && self.unread.is_empty() {
            self.phase = Phase::Deferred;
            if !std::mem::replace(&mut self.is_listed, true) {
                operations::defer(signal);
            }
        }
    }

    /// Reads what the host has, and leaves nothing in flight.
    fn read_at_once(&mut self, signal: &Signal, target: &mut [u8]) -> usize {
        let Some(stream) = &mut self.stream else {
            return 0;
        };
        let len = target.len().min(LARGEST);
        let moved = stream.read_at_once(&mut target[..len]);
        let count = moved.count.min(len);
        self.on_moved(signal, count == len, moved);
        count
    }

    /// Starts a read, of an idle stream.
    fn start(&mut self, signal: &Signal) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        let waitable = stream.waitable();
        match stream.start(resized(self.unread.spare())) {
            Some((buffer, moved)) => self.take_up(signal, buffer, moved),
            None => {
                self.phase = Phase::Reading;
                operations::add(waitable, signal);
            }
        }
    }

    /// Takes up what a read has done.
    fn take_up(&mut self, signal: &Signal, mut buffer: Vec<u8>, moved: Moved) {
        let count = moved.count.min(buffer.len());
        let is_full = count == buffer.len();
        buffer.truncate(count);
        self.unread.push(buffer);
        self.on_moved(signal, is_full, moved);
    }

    fn on_moved(&mut self, signal: &Signal, is_full: bool, moved: Moved) {
        self.phase = Phase::Idle;
        self.may_have_more = is_full;
        if moved.is_last {
            self.stream = None;
            self.ask_for_end(signal);
        }
    }

    /// Asks how the stream has ended.
    fn ask_for_end(&mut self, signal: &Signal) {
        let Some(end) = &mut self.end else {
            return self.phase = Phase::Ended(None);
        };
        let waitable = end.waitable();
        match end.start() {
            Some(error) => self.ended(error),
            None => {
                self.phase = Phase::Ending;
                operations::add(waitable, signal);
            }
        }
    }

    fn ended(&mut self, error: Option<R::Error>) {
        self.end = None;
        self.phase = Phase::Ended(error.map(self.to_error));
    }
}

/// A buffer for a read in flight, whatever is in it.
fn resized(mut buffer: Vec<u8>) -> Vec<u8> {
    if buffer.capacity() > IN_FLIGHT {
        // That of a long peek.
        return vec![0; IN_FLIGHT];
    }
    buffer.resize(IN_FLIGHT, 0);
    buffer
}

impl<R: FutureResult + Send> Part for Receiver<R> {
    fn complete(&mut self, signal: &Signal, event: Event) -> bool {
        let read = self.stream.as_mut().and_then(|one| one.ended(event));
        if let Some((buffer, moved)) = read {
            self.take_up(signal, buffer, moved);
            if moved.is_cancelled {
                // By a late cancel of an earlier read. It says nothing of what there is to be read.
                self.ensure_read(signal);
            }
        } else if let Some(error) = self.end.as_mut().and_then(|end| end.ended(event)) {
            self.ended(error);
        } else {
            return false;
        }
        self.say_ready(signal);
        true
    }

    fn start_deferred(&mut self, signal: &Signal) {
        self.is_listed = false;
        if matches!(self.phase, Phase::Deferred) {
            self.start(signal);
            self.ended_at_once = !self.is_busy();
            self.say_ready(signal);
        }
    }
}

impl<R: FutureResult> fmt::Debug for Receiver<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

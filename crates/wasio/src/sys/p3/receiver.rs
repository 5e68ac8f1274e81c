//! Reading a stream of the host's: one read is in flight whenever nothing is there to be read.
//!
//! A read in flight needs a buffer of its own. It is small for a stream that is quiet or brings
//! little, and grows with what the stream brings at once.

use std::fmt;
use std::io;
use std::sync::{Arc, Weak};

use super::bindings::{Event, FutureResult, Moved, ReadEnd, ResultFuture};
use super::operations::{self, Completes};
use super::signals::Signal;
use super::target::SignalId;
use crate::lock::{Guard, Lock};

/// The smallest buffer, which an idle connection has, and the largest.
const SMALLEST: usize = 128;
const LARGEST: usize = 64 * 1024;
/// How many reads in a row must leave most of the buffer empty before it becomes smaller.
const SMALL_READS: u8 = 8;

/// How a stream's error is returned.
pub(super) type ToError<E> = fn(E) -> io::Error;

pub(super) struct Receiver<R: FutureResult> {
    me: Weak<Self>,
    signal: Signal,
    state: Lock<State<R>>,
}

struct State<R: FutureResult> {
    phase: Phase,
    /// `None` before there is one, and once it has ended.
    stream: Option<ReadEnd>,
    /// How the stream ended. After `stream`, which goes first.
    end: Option<ResultFuture<R>>,
    /// What was read, and not yet by the program: `start..` of it.
    data: Vec<u8>,
    start: usize,
    /// The length of the next buffer, and the reads that needed little of it.
    len: usize,
    small_reads: u8,
    to_error: ToError<R::Error>,
}

#[derive(Debug)]
enum Phase {
    Idle,
    /// A read is in flight.
    Reading,
    /// The stream has ended, and the host does not say yet how: that read is in flight.
    Ending,
    /// With the error, until it is returned.
    Ended(Option<io::Error>),
}

impl<R: FutureResult + Send + 'static> Receiver<R> {
    /// Of a stream that comes later: [`open`](Self::open).
    pub(super) fn new(to_error: ToError<R::Error>) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            signal: Signal::new(false),
            state: Lock::new(State {
                phase: Phase::Idle,
                stream: None,
                end: None,
                data: Vec::new(),
                start: 0,
                len: SMALLEST,
                small_reads: 0,
                to_error,
            }),
        })
    }

    pub(super) fn open(&self, (stream, end): (ReadEnd, ResultFuture<R>)) {
        let state = &mut *self.state();
        state.stream = Some(stream);
        state.end = Some(end);
    }

    /// The signal that it can be read.
    pub(super) fn signal(&self) -> SignalId {
        self.signal.id()
    }

    /// Has both ends of a source wake who waits for it: a connect has failed.
    #[cfg(feature = "net")]
    pub(super) fn set_ready(&self) {
        self.signal.set(true);
    }

    fn state(&self) -> Guard<'_, State<R>> {
        self.state.lock()
    }

    /// Has a read in flight, unless there is something to be read.
    pub(super) fn arm(&self) {
        let mut state = self.state();
        self.ensure_read(&mut state);
        self.signal.set(state.is_ready());
    }

    /// Reads what has arrived. 0 is the end of the stream.
    pub(super) fn read(&self, target: &mut [u8]) -> io::Result<usize> {
        match self.try_read(target) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && self.state().is_busy() => {
                operations::progress();
                self.try_read(target)
            }
            result => result,
        }
    }

    fn try_read(&self, target: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state();
        let mut read = state.take(target);
        while read < target.len() && matches!(state.phase, Phase::Idle) {
            if !self.start(&mut state) {
                break;
            }
            read += state.take(&mut target[read..]);
        }
        let result = match &mut state.phase {
            _ if read > 0 || target.is_empty() => Ok(read),
            Phase::Ended(error) => error.take().map_or(Ok(0), Err),
            _ => Err(io::ErrorKind::WouldBlock.into()),
        };
        self.ensure_read(&mut state);
        self.signal.set(state.is_ready());
        result
    }

    /// The same, and leaves what is read for the next read.
    #[cfg(feature = "net")]
    pub(super) fn peek(&self, target: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state();
        if state.is_busy() {
            drop(state);
            operations::progress();
            state = self.state();
        }
        while state.unread().len() < target.len() && matches!(state.phase, Phase::Idle) {
            if !self.start(&mut state) {
                break;
            }
        }
        self.signal.set(state.is_ready());
        let unread = state.unread();
        let len = unread.len().min(target.len());
        target[..len].copy_from_slice(&unread[..len]);
        match &mut state.phase {
            _ if len > 0 || target.is_empty() => Ok(len),
            Phase::Ended(error) => error.take().map_or(Ok(0), Err),
            _ => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Ends the stream on this side: what was not read is lost.
    #[cfg(feature = "net")]
    pub(super) fn shut_down(&self) {
        let state = &mut *self.state();
        state.close();
        state.data = Vec::new();
        state.start = 0;
        state.phase = Phase::Ended(None);
        self.signal.set(true);
    }

    fn ensure_read(&self, state: &mut State<R>) {
        if matches!(state.phase, Phase::Idle) && state.unread().is_empty() {
            self.start(state);
        }
    }

    /// Starts a read, of an idle stream. Returns whether it has ended at once.
    fn start(&self, state: &mut State<R>) -> bool {
        let Some(stream) = &mut state.stream else {
            return false;
        };
        let buffer = if state.start == state.data.len() {
            state.start = 0;
            std::mem::take(&mut state.data)
        } else {
            Vec::new()
        };
        let waitable = stream.waitable();
        match stream.start(resized(buffer, state.len)) {
            Some((buffer, moved)) => {
                self.take_up(state, buffer, moved);
                true
            }
            None => {
                state.phase = Phase::Reading;
                operations::add(waitable, self.me.clone());
                false
            }
        }
    }

    /// Takes up what a read has done.
    fn take_up(&self, state: &mut State<R>, mut buffer: Vec<u8>, moved: Moved) {
        let count = moved.count.min(buffer.len());
        state.phase = Phase::Idle;
        state.adapt(count);
        buffer.truncate(count);
        if state.start == state.data.len() {
            state.data = buffer;
            state.start = 0;
        } else {
            state.data.extend_from_slice(&buffer);
        }
        if moved.is_last {
            state.stream = None;
            self.ask_for_end(state);
        }
    }

    /// Asks how the stream has ended.
    fn ask_for_end(&self, state: &mut State<R>) {
        let Some(end) = &mut state.end else {
            return state.phase = Phase::Ended(None);
        };
        let waitable = end.waitable();
        match end.start() {
            Some(error) => state.ended(error),
            None => {
                state.phase = Phase::Ending;
                operations::add(waitable, self.me.clone());
            }
        }
    }
}

impl<R: FutureResult> State<R> {
    fn unread(&self) -> &[u8] {
        &self.data[self.start..]
    }

    fn is_ready(&self) -> bool {
        !self.unread().is_empty() || matches!(self.phase, Phase::Ended(_))
    }

    /// Whether an operation is in flight.
    fn is_busy(&self) -> bool {
        matches!(self.phase, Phase::Reading | Phase::Ending)
    }

    fn take(&mut self, target: &mut [u8]) -> usize {
        let unread = self.unread();
        let len = unread.len().min(target.len());
        target[..len].copy_from_slice(&unread[..len]);
        self.start += len;
        len
    }

    /// Chooses the length of the next buffer.
    fn adapt(&mut self, count: usize) {
        if count == self.len {
            self.len = (self.len * 4).min(LARGEST);
            self.small_reads = 0;
        } else if count > self.len / 8 {
            self.small_reads = 0;
        } else {
            self.small_reads += 1;
            if self.small_reads >= SMALL_READS {
                self.len = (self.len / 4).max(SMALLEST);
                self.small_reads = 0;
            }
        }
    }

    fn ended(&mut self, error: Option<R::Error>) {
        self.end = None;
        self.phase = Phase::Ended(error.map(self.to_error));
    }

    /// Cancels what is in flight, and closes the stream.
    fn close(&mut self) {
        let stream = self.stream.as_ref().map(ReadEnd::waitable);
        let end = self.end.as_ref().map(ResultFuture::waitable);
        for waitable in stream.into_iter().chain(end) {
            operations::remove(waitable);
        }
        self.stream = None;
        self.end = None;
    }
}

/// A buffer of this length, whatever is in it.
fn resized(mut buffer: Vec<u8>, len: usize) -> Vec<u8> {
    if buffer.capacity() > len {
        // A smaller one is wanted, and the memory of the large one back.
        return vec![0; len];
    }
    buffer.resize(len, 0);
    buffer
}

impl<R: FutureResult + Send + 'static> Completes for Receiver<R> {
    fn complete(&self, event: Event) {
        let mut state = self.state();
        let read = state.stream.as_mut().and_then(|one| one.ended(event));
        if let Some((buffer, moved)) = read {
            self.take_up(&mut state, buffer, moved);
            self.ensure_read(&mut state);
        } else if let Some(error) = state.end.as_mut().and_then(|end| end.ended(event)) {
            state.ended(error);
        }
        self.signal.set(state.is_ready());
    }
}

impl<R: FutureResult> Drop for Receiver<R> {
    fn drop(&mut self) {
        self.state.lock().close();
    }
}

impl<R: FutureResult> fmt::Debug for Receiver<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("phase", &self.state.lock().phase)
            .finish_non_exhaustive()
    }
}

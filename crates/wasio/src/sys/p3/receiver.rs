//! Reading a stream of the host's: while the program waits, one read is in flight whenever nothing is
//! there to be read.
//!
//! The buffer of a read in flight is small, whatever the stream has brought before, so that ten
//! thousand quiet connections keep little memory. Where it was filled, the rest is read at once into
//! the caller's own: such a read is cancelled if the host has nothing.

use std::fmt;
use std::io;

use super::bindings::{Event, FutureResult, Moved, ReadEnd, ResultFuture};
use super::operations::{self, Alone, Completes, Part};
use super::signals::Signal;
use super::target::SignalId;
use super::unread::Unread;
use crate::lock::{Guard, Lock};

/// The length of a read in flight, and so of the buffer that an idle connection keeps. With the four
/// bytes that the allocator adds, the buffer takes 128.
const IN_FLIGHT: usize = 124;
/// The most that is read at once.
const LARGEST: usize = 64 * 1024;

/// How a stream's error is returned.
pub(super) type ToError<E> = fn(E) -> io::Error;

pub(super) struct Receiver<R: FutureResult> {
    signal: Signal,
    state: Lock<State<R>>,
}

struct State<R: FutureResult> {
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

impl<R: FutureResult + Send + 'static> Receiver<R> {
    /// Of a stream that comes later: [`open`](Self::open).
    pub(super) fn new(to_error: ToError<R::Error>) -> Self {
        Self {
            signal: Signal::new(false),
            state: Lock::new(State {
                phase: Phase::Idle,
                stream: None,
                end: None,
                unread: Unread::default(),
                may_have_more: false,
                is_listed: false,
                ended_at_once: false,
                to_error,
            }),
        }
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

    /// The memory of what was read, and not yet by the program.
    #[cfg(test)]
    pub(super) fn kept_bytes(&self) -> usize {
        self.state().unread.capacity()
    }

    fn state(&self) -> Guard<'_, State<R>> {
        self.state.lock()
    }

    /// Has a read in flight, unless there is something to be read.
    pub(super) fn arm(&self, owner: &dyn Completes) {
        let mut state = self.state();
        state.ensure_read(owner);
        self.signal.set(state.is_ready());
    }

    /// Reads what has arrived. 0 is the end of the stream.
    pub(super) fn read(&self, owner: &dyn Completes, target: &mut [u8]) -> io::Result<usize> {
        match self.try_read(owner, target) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && self.state().is_busy() => {
                operations::progress();
                self.try_read(owner, target)
            }
            result => result,
        }
    }

    fn try_read(&self, owner: &dyn Completes, target: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state();
        let mut read = state.unread.take(target);
        while read < target.len() && state.is_idle() && (read == 0 || state.may_have_more) {
            let more = state.read_more(owner, &mut target[read..]);
            if more == 0 {
                break;
            }
            read += more;
        }
        let result = match &mut state.phase {
            _ if read > 0 || target.is_empty() => Ok(read),
            Phase::Ended(error) => error.take().map_or(Ok(0), Err),
            _ => Err(io::ErrorKind::WouldBlock.into()),
        };
        if read > 0 {
            state.defer_read(owner);
        } else {
            state.ensure_read(owner);
        }
        self.signal.set(state.is_ready());
        result
    }

    /// The same, and leaves what is read for the next read.
    #[cfg(feature = "net")]
    pub(super) fn peek(&self, owner: &dyn Completes, target: &mut [u8]) -> io::Result<usize> {
        let mut state = self.state();
        if state.is_busy() {
            drop(state);
            operations::progress();
            state = self.state();
        }
        state.fill(owner, target.len());
        self.signal.set(state.is_ready());
        let len = state.unread.copy(target);
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
        state.unread = Unread::default();
        state.phase = Phase::Ended(None);
        self.signal.set(true);
    }
}

impl<R: FutureResult> State<R> {
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
    fn is_busy(&self) -> bool {
        matches!(self.phase, Phase::Reading | Phase::Ending)
    }

    /// Reads more of an idle stream. At 0 a read is in flight, or the host has ended one with nothing.
    fn read_more(&mut self, owner: &dyn Completes, target: &mut [u8]) -> usize {
        if self.may_have_more && target.len() > IN_FLIGHT {
            return self.read_at_once(owner, target);
        }
        self.start(owner);
        self.unread.take(target)
    }

    /// Reads ahead until `wanted` bytes are there, or the host has no more now.
    #[cfg(feature = "net")]
    fn fill(&mut self, owner: &dyn Completes, wanted: usize) {
        while self.unread.len() < wanted && self.is_idle() {
            let before = self.unread.len();
            if self.may_have_more {
                let mut buffer = vec![0; wanted - before];
                let more = self.read_at_once(owner, &mut buffer);
                buffer.truncate(more);
                self.unread.push(buffer);
            } else {
                self.start(owner);
            }
            if self.unread.len() == before {
                break;
            }
        }
    }

    fn ensure_read(&mut self, owner: &dyn Completes) {
        if self.is_idle() && self.unread.is_empty() {
            self.start(owner);
        }
    }

    /// As [`ensure_read`](Self::ensure_read), but before the next wait: the peer may have sent more by
    /// then, so that the read ends at once, without an event. The read after such a one is not
    /// deferred, and most likely has an event: a program whose reads all end at once never blocks, and
    /// a host may need that to serve the others.
    fn defer_read(&mut self, owner: &dyn Completes) {
        if std::mem::take(&mut self.ended_at_once) {
            return self.ensure_read(owner);
        }
        if self.is_idle() && self.unread.is_empty() {
            self.phase = Phase::Deferred;
            if !std::mem::replace(&mut self.is_listed, true) {
                operations::defer(owner);
            }
        }
    }

    /// Reads what the host has, and leaves nothing in flight.
    fn read_at_once(&mut self, owner: &dyn Completes, target: &mut [u8]) -> usize {
        let Some(stream) = &mut self.stream else {
            return 0;
        };
        let len = target.len().min(LARGEST);
        let moved = stream.read_at_once(&mut target[..len]);
        let count = moved.count.min(len);
        self.on_moved(owner, count == len, moved);
        count
    }

    /// Starts a read, of an idle stream.
    fn start(&mut self, owner: &dyn Completes) {
        let Some(stream) = &mut self.stream else {
            return;
        };
        let waitable = stream.waitable();
        match stream.start(resized(self.unread.spare())) {
            Some((buffer, moved)) => self.take_up(owner, buffer, moved),
            None => {
                self.phase = Phase::Reading;
                operations::add(waitable, owner);
            }
        }
    }

    /// Takes up what a read has done.
    fn take_up(&mut self, owner: &dyn Completes, mut buffer: Vec<u8>, moved: Moved) {
        let count = moved.count.min(buffer.len());
        let is_full = count == buffer.len();
        buffer.truncate(count);
        self.unread.push(buffer);
        self.on_moved(owner, is_full, moved);
    }

    fn on_moved(&mut self, owner: &dyn Completes, is_full: bool, moved: Moved) {
        self.phase = Phase::Idle;
        self.may_have_more = is_full;
        if moved.is_last {
            self.stream = None;
            self.ask_for_end(owner);
        }
    }

    /// Asks how the stream has ended.
    fn ask_for_end(&mut self, owner: &dyn Completes) {
        let Some(end) = &mut self.end else {
            return self.phase = Phase::Ended(None);
        };
        let waitable = end.waitable();
        match end.start() {
            Some(error) => self.ended(error),
            None => {
                self.phase = Phase::Ending;
                operations::add(waitable, owner);
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

/// A buffer for a read in flight, whatever is in it.
fn resized(mut buffer: Vec<u8>) -> Vec<u8> {
    if buffer.capacity() > IN_FLIGHT {
        // That of a long peek.
        return vec![0; IN_FLIGHT];
    }
    buffer.resize(IN_FLIGHT, 0);
    buffer
}

impl<R: FutureResult + Send + 'static> Part for Receiver<R> {
    fn complete(&self, owner: &dyn Completes, event: Event) -> bool {
        let mut state = self.state();
        let read = state.stream.as_mut().and_then(|one| one.ended(event));
        if let Some((buffer, moved)) = read {
            state.take_up(owner, buffer, moved);
        } else if let Some(error) = state.end.as_mut().and_then(|end| end.ended(event)) {
            state.ended(error);
        } else {
            return false;
        }
        self.signal.set(state.is_ready());
        true
    }

    fn start_deferred(&self, owner: &dyn Completes) {
        let mut state = self.state();
        state.is_listed = false;
        if matches!(state.phase, Phase::Deferred) {
            state.start(owner);
            state.ended_at_once = !state.is_busy();
            self.signal.set(state.is_ready());
        }
    }
}

impl<R: FutureResult + Send + 'static> Alone<Receiver<R>> {
    /// As [`Receiver::arm`].
    pub(super) fn arm(&self) {
        Receiver::arm(self, self);
    }

    /// As [`Receiver::read`].
    pub(super) fn read(&self, target: &mut [u8]) -> io::Result<usize> {
        Receiver::read(self, self, target)
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

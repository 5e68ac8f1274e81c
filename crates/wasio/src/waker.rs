use std::fmt;
use std::io;

use crate::sys;
use crate::{Registry, Token};

/// Wakes a [`Poll`](crate::Poll) from another thread.
///
/// [`wake`](Self::wake) makes the current call of [`Poll::poll`](crate::Poll::poll), or otherwise
/// the next one, return a readable event with the waker's token. Several wakes before that event
/// may be merged into one event. Everything that the waking thread did before `wake` is visible to
/// the thread that receives the event.
///
/// A `Poll` has at most one waker at a time. Share it with an [`Arc`](std::sync::Arc). Dropping the
/// waker discards a wake that has not been reported yet.
///
/// # Platform behaviour
///
/// Guaranteed: no wake is lost.
///
/// Today, `wake` takes effect:
///
/// * Natively: at once.
/// * `wasm32-wasip1-threads`: at once if no descriptor is registered, otherwise within 10 ms,
///   because no host call can be interrupted. If the poll has already been waiting for a second
///   when the waker is created, the first wake may need up to 200 ms.
/// * WASI without threads: only the polling thread itself can call `wake`, and its next poll does
///   not block.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use wasio::{Events, Poll, Token, Waker};
///
/// const WAKE: Token = Token(10);
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(2);
/// let waker = Waker::new(poll.registry(), WAKE)?;
///
/// waker.wake()?;
/// poll.poll(&mut events, None)?;
/// let event = events.iter().next().unwrap();
/// assert!(event.token() == WAKE && event.is_readable());
/// # Ok(())
/// # }
/// ```
pub struct Waker {
    selector: sys::Selector,
}

impl Waker {
    /// Creates a waker for the poll that `registry` belongs to. Its events carry `token`.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists): the poll already has a waker. Share that
    /// one, or drop it first.
    pub fn new(registry: &Registry, token: Token) -> io::Result<Self> {
        let selector = registry.selector().inner().clone();
        selector.set_waker(token)?;
        selector.retain();
        Ok(Self { selector })
    }

    /// Wakes the poll.
    ///
    /// # Errors
    ///
    /// Natively the error of the operating system. On WASI it does not fail.
    pub fn wake(&self) -> io::Result<()> {
        self.selector.wake()
    }
}

impl Drop for Waker {
    fn drop(&mut self) {
        self.selector.clear_waker();
        self.selector.release();
    }
}

impl fmt::Debug for Waker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Waker").finish_non_exhaustive()
    }
}

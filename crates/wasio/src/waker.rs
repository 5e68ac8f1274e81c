use std::fmt;
use std::io;

use crate::sys::{self, Backend};
use crate::{Registry, Token};

/// Makes a [`Poll`](crate::Poll) return from another thread, or makes its next wait
/// return at once.
///
/// [`wake`](Self::wake) before or during a poll gives an event that is readable, with the waker's token.
/// Several wakes before that event may merge into one. What the waking thread did before `wake`
/// is visible to the thread that gets the event.
///
/// There is one waker a poll; share it with an [`Arc`](std::sync::Arc). Dropping it takes back a
/// wake that no poll has reported yet.
///
/// # Platform behaviour
///
/// Guaranteed: no wake is lost. Today: on `wasm32-wasip1-threads` a wait with no descriptors
/// ends at once and one with descriptors within 10 ms, as no host can be interrupted (within 200 ms,
/// once, if the waker is made while the poll has been waiting for a second already); natively
/// at once. On WASI without threads only the polling thread itself can call `wake`: its next
/// wait returns at once.
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
    /// A waker for the poll of `registry`.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the poll has a waker. It may have
    /// another once that one is dropped.
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
    /// None on WASI; natively what the operating system says.
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

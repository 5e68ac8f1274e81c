//! The selector's timers.

use std::io;

#[cfg(feature = "task")]
use super::Direction;
use super::selector::ok_or_not_registered;
use super::{Backend, Expiry, Key, Selector, Timers, Until};
use crate::Token;
use crate::errors::{not_registered, static_error};

impl<B: Backend> Selector<B> {
    /// Calls `f` on the timers, and lets a thread that waits know of an earlier deadline.
    fn with_timers<R>(&self, f: impl FnOnce(&mut Timers) -> R) -> io::Result<R> {
        let mut state = self.shared.lock();
        state.pop_due = Some(Timers::pop_due);
        let result = f(&mut state.timers);
        let due = state
            .timers
            .next_deadline_ns()
            .map_or(Until::Never, Until::At);
        self.shared.unlock(state, due)?;
        Ok(result)
    }

    pub(crate) fn register_timer(&self, token: Token, expiry: Option<Expiry>) -> io::Result<Key> {
        let notify = self.notify(token);
        let key = self.with_timers(|timers| timers.register(notify, expiry))?;
        let full = "there are 2^31 timers: drop some";
        key.ok_or_else(|| static_error(io::ErrorKind::OutOfMemory, full))
    }

    /// `NotFound` if `key` is stale, here and below.
    pub(crate) fn reregister_timer(&self, key: Key, token: Token) -> io::Result<()> {
        let notify = self.notify(token);
        ok_or_not_registered(self.with_timers(|timers| timers.reregister(key, notify))?)
    }

    pub(crate) fn deregister_timer(&self, key: Key) -> io::Result<()> {
        ok_or_not_registered(self.with_timers(|timers| timers.deregister(key))?)
    }

    /// Removes the registration of a timer that is dropped.
    pub(crate) fn drop_timer(&self, key: Key) {
        // It cannot fail: only the timer has the key, so the key is not stale.
        let _ = self.deregister_timer(key);
        self.shared.end_if_hanging();
    }

    pub(crate) fn set_timer(&self, key: Key, expiry: Option<Expiry>) -> io::Result<()> {
        let set = |timers: &mut Timers| {
            // Setting a timer discards its expirations, and with them what made it ready for tasks.
            #[cfg(feature = "task")]
            if let Some(waiters) = &self.waiters {
                waiters.clear(Direction::Read);
            }
            timers.set(key, expiry)
        };
        ok_or_not_registered(self.with_timers(set)?)
    }

    pub(crate) fn take_expirations(&self, key: Key) -> io::Result<u64> {
        let mut state = self.shared.lock();
        let expirations = state.timers.take_expirations(key);
        #[cfg(feature = "task")]
        if let Some(waiters) = &self.waiters {
            waiters.clear(Direction::Read);
        }
        expirations.ok_or_else(not_registered)
    }
}

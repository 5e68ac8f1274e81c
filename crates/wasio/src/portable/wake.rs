//! The waker's flag.
//!
//! The rule that both sides keep: `wake` sets the flag *first* and then ends the wait; the waiting
//! thread reads the flag *after* it has become possible to end its wait. So no wake is missed,
//! whichever comes first. Checked with loom, see `sys/p1/parker.rs`.

#[cfg(loom)]
use loom::sync::atomic::{AtomicBool, Ordering};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether `wake` was called since the flag was last taken. Several wakes merge into one.
#[derive(Debug)]
pub(crate) struct WakeFlag(AtomicBool);

impl WakeFlag {
    pub(crate) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Sets the flag. Everything the caller did before is visible to the thread that takes it.
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Clears the flag and returns whether it was set.
    pub(crate) fn take(&self) -> bool {
        // In most polls the flag is not set. The plain load keeps the cache line shared for them.
        self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::Acquire)
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

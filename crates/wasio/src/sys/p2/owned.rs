//! Pollables that are safe to drop: the host traps on a handle that was dropped.

use std::ops::Deref;
use std::sync::Weak;
use std::sync::atomic::{AtomicBool, Ordering};

use super::host::{Forget, Handle};
use crate::lock::Lock;
use wasio_bindings::p2::Pollable;

/// A pollable that a source owns. Before it is dropped, every fork that names it forgets it.
#[derive(Debug)]
pub(crate) struct Owned(Pollable);

impl Owned {
    pub(crate) fn new(pollable: Pollable) -> Self {
        Self(pollable)
    }
}

impl Deref for Owned {
    type Target = Pollable;

    fn deref(&self) -> &Pollable {
        &self.0
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // The source has left the selector that it was registered with; that one's forks remain.
        forget_pollable(self.0.handle());
    }
}

/// The selectors that may name pollables of sources that are registered elsewhere.
static FORKS: Lock<Vec<Weak<dyn Forget>>> = Lock::new(Vec::new());
static ANY_FORKS: AtomicBool = AtomicBool::new(false);

pub(super) fn add_fork(fork: Weak<dyn Forget>) {
    let mut forks = FORKS.lock();
    forks.retain(|fork| fork.strong_count() > 0);
    forks.push(fork);
    ANY_FORKS.store(true, Ordering::Relaxed);
}

/// Whether a selector may name pollables of sources that are registered elsewhere.
#[cfg(feature = "net")]
pub(super) fn has_forks() -> bool {
    ANY_FORKS.load(Ordering::Relaxed)
}

/// Removes a pollable that is about to be dropped from every fork of a selector.
pub(crate) fn forget_pollable(handle: Handle) {
    if ANY_FORKS.load(Ordering::Relaxed) {
        forget_in_forks(handle);
    }
}

#[cold]
fn forget_in_forks(handle: Handle) {
    let mut forks = FORKS.lock();
    forks.retain(|fork| {
        let Some(fork) = fork.upgrade() else {
            return false;
        };
        fork.forget(handle);
        true
    });
    ANY_FORKS.store(!forks.is_empty(), Ordering::Relaxed);
}

//! What owns the operations of a source of which nothing else must be known.

use std::fmt;
use std::sync::Arc;

use super::bindings::Event;
use super::signals::{Completes, Signal};
use crate::lock::{Guard, Lock};
use crate::portable::Directions;

/// A part of an owner, with operations of its own.
pub(super) trait Part: Send {
    /// Takes up an operation that has ended. Returns `false` if it is not of this part.
    fn complete(&mut self, signal: &Signal, event: Event) -> bool;

    /// As [`Completes::start_deferred`].
    fn start_deferred(&mut self, _signal: &Signal) {}

    /// As [`Completes::has_unsent`].
    fn has_unsent(&self) -> bool {
        false
    }
}

/// An owner of one part.
pub(super) struct Alone<P> {
    pub(super) signal: Signal,
    part: Lock<P>,
}

impl<P: Part + 'static> Alone<P> {
    pub(super) fn new(part: P, ready: Directions) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            signal: Signal::new(me, ready),
            part: Lock::new(part),
        })
    }
}

impl<P> Alone<P> {
    pub(super) fn part(&self) -> Guard<'_, P> {
        self.part.lock()
    }
}

impl<P: Part> Completes for Alone<P> {
    fn complete(&self, event: Event) {
        self.part().complete(&self.signal, event);
    }

    fn start_deferred(&self) {
        self.part().start_deferred(&self.signal);
    }

    fn has_unsent(&self) -> bool {
        self.part().has_unsent()
    }
}

impl<P: fmt::Debug> fmt::Debug for Alone<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.part().fmt(f)
    }
}

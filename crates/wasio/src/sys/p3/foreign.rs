//! Waitables of other bindings.

use std::sync::{Arc, Weak};

use super::bindings::{Event, leave_set};
use super::operations::{self, Completes, WeakOwner};
use super::signals::Signal;
use super::target::Target;
use crate::lock::{Guard, Lock};

/// A waitable that is someone else's, known by its handle.
#[derive(Debug)]
pub(crate) struct Foreign(Arc<Watched>);

#[derive(Debug)]
struct Watched {
    me: Weak<Self>,
    waitable: u32,
    signal: Signal,
    state: Lock<State>,
}

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
enum State {
    /// It is in no set of ours.
    Out,
    Watched,
    /// Its operation has ended with this code.
    Ended(u32),
}

impl Foreign {
    pub(crate) fn new(waitable: u32) -> Self {
        Self(Arc::new_cyclic(|me| Watched {
            me: me.clone(),
            waitable,
            signal: Signal::new(false),
            state: Lock::new(State::Out),
        }))
    }

    pub(crate) fn handle(&self) -> u32 {
        self.0.waitable
    }

    /// Waits for the operation in flight, unless one has ended whose code was not taken.
    pub(crate) fn watch(&self) -> Target {
        let mut state = self.0.state();
        if *state == State::Out {
            operations::add(self.0.waitable, &*self.0);
            *state = State::Watched;
        }
        Target::Signals([Some(self.0.signal.id()), None])
    }

    /// Leaves it to its owner.
    pub(crate) fn release(&self) {
        let mut state = self.0.state();
        if *state == State::Watched {
            operations::remove(self.0.waitable);
            leave_set(self.0.waitable);
            *state = State::Out;
        }
    }

    pub(crate) fn take_code(&self) -> Option<u32> {
        let mut state = self.0.state();
        let State::Ended(code) = *state else {
            return None;
        };
        *state = State::Out;
        self.0.signal.set(false);
        Some(code)
    }
}

impl Watched {
    fn state(&self) -> Guard<'_, State> {
        self.state.lock()
    }
}

impl Completes for Watched {
    fn complete(&self, event: Event) {
        // Out of the set at once: its owner may drop it as soon as the code is known.
        leave_set(self.waitable);
        *self.state() = State::Ended(event.code());
        self.signal.set(true);
    }

    fn weak(&self) -> WeakOwner {
        self.me.clone()
    }
}

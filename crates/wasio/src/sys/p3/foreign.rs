//! Waitables of other bindings.

use std::sync::Arc;

use super::alone::{Alone, Part};
use super::bindings::{Event, leave_set};
use super::operations;
use super::signals::Signal;
use super::target::Target;
use crate::portable::{Direction, Directions};

/// A waitable that is someone else's, known by its handle.
#[derive(Debug)]
pub(crate) struct Foreign {
    waitable: u32,
    state: Arc<Alone<State>>,
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
        Self {
            waitable,
            state: Alone::new(State::Out, Directions::NONE),
        }
    }

    pub(crate) fn handle(&self) -> u32 {
        self.waitable
    }

    /// Waits for the operation in flight, unless one has ended whose code was not taken.
    pub(crate) fn watch(&self) -> Target {
        let signal = &self.state.signal;
        let state = &mut *self.state.part();
        if *state == State::Out {
            operations::add(self.waitable, signal);
            *state = State::Watched;
        }
        Target::Signal(signal.id())
    }

    /// Leaves it to its owner.
    pub(crate) fn release(&self) {
        let state = &mut *self.state.part();
        if *state == State::Watched {
            leave_set(self.waitable);
            *state = State::Out;
        }
    }

    pub(crate) fn take_code(&self) -> Option<u32> {
        let state = &mut *self.state.part();
        let State::Ended(code) = *state else {
            return None;
        };
        *state = State::Out;
        self.state.signal.set(Direction::Read, false);
        Some(code)
    }
}

impl Part for State {
    fn complete(&mut self, signal: &Signal, event: Event) -> bool {
        // Out of the set at once: its owner may drop it as soon as the code is known.
        leave_set(event.waitable());
        *self = Self::Ended(event.code());
        signal.set(Direction::Read, true);
        true
    }
}

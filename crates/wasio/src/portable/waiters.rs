//! The tasks that wait for one source, and what they may rely on: the part of
//! [`task`](crate::task) that a selector knows.
//!
//! Per direction there is a flag and a list of wakers. An event sets the flag and wakes the list. An
//! operation that found nothing clears the flag, under the lock of the selector's state, in the same
//! step that arms the direction again: so an event that comes afterwards is never lost.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use super::{Direction, Directions, Key};
use crate::lock::Lock;

/// The registration of a source, which each wait arms.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Registered {
    pub(super) key: Key,
    /// Whether wasio sees the operations, so that readiness lasts until one finds nothing. If not,
    /// it lasts for one wait.
    pub(super) sees_operations: bool,
}

/// The tasks that wait for one source.
#[derive(Debug, Default)]
pub(crate) struct Waiters {
    /// None for a timer, which is set and not armed.
    registered: OnceLock<Registered>,
    directions: Lock<[Waiting; 2]>,
}

/// The tasks that wait for one direction.
#[derive(Debug, Default)]
struct Waiting {
    is_ready: bool,
    /// The task of `poll_readable` or `poll_writable`: the last one counts.
    polled: Option<Waker>,
    /// One per future that waits. A future gives its place back when it is dropped.
    places: Vec<Place>,
}

#[derive(Debug, Default)]
struct Place {
    is_taken: bool,
    waker: Option<Waker>,
}

/// The place of a future in the list, once it has waited.
#[derive(Debug, Default)]
pub(crate) struct Slot(Option<usize>);

impl Waiters {
    /// Says what the source is registered as. A source is one registration.
    pub(super) fn set_registered(&self, registered: Registered) {
        let _ = self.registered.set(registered);
    }

    pub(super) fn registered(&self) -> Option<Registered> {
        self.registered.get().copied()
    }

    /// Whether the direction is ready; if not, the future's task is woken once it is.
    pub(crate) fn poll(
        &self,
        direction: Direction,
        slot: &mut Slot,
        context: &Context<'_>,
    ) -> Poll<()> {
        self.poll_place(direction, context, |waiting| {
            let index = *slot.0.get_or_insert_with(|| waiting.take_place());
            &mut waiting.places[index].waker
        })
    }

    /// As [`poll`](Self::poll), for the one task per direction that has no future of its own.
    pub(crate) fn poll_polled(&self, direction: Direction, context: &Context<'_>) -> Poll<()> {
        self.poll_place(direction, context, |waiting| &mut waiting.polled)
    }

    fn poll_place(
        &self,
        direction: Direction,
        context: &Context<'_>,
        place: impl FnOnce(&mut Waiting) -> &mut Option<Waker>,
    ) -> Poll<()> {
        let mut directions = self.directions.lock();
        let waiting = &mut directions[direction as usize];
        if self.take_ready(waiting) {
            return Poll::Ready(());
        }
        let place = place(waiting);
        let will_wake = |waker: &Waker| waker.will_wake(context.waker());
        let old = if place.as_ref().is_some_and(will_wake) {
            None
        } else {
            place.replace(context.waker().clone())
        };
        drop(directions);
        // Not under the lock: it may be the last that keeps a task alive.
        drop(old);
        Poll::Pending
    }

    fn take_ready(&self, waiting: &mut Waiting) -> bool {
        let lasts = self.registered().is_none_or(|one| one.sees_operations);
        let is_ready = waiting.is_ready;
        waiting.is_ready &= lasts;
        is_ready
    }

    /// A future no longer waits.
    pub(crate) fn leave(&self, direction: Direction, slot: &Slot) {
        if let Some(index) = slot.0 {
            let left = {
                let places = &mut self.directions.lock()[direction as usize].places;
                std::mem::take(&mut places[index])
            };
            // Not under the lock: it may be the last that keeps a task alive.
            drop(left);
        }
    }

    /// Before an operation: what is ready from here on counts. Returns whether the
    /// direction was ready.
    pub(crate) fn before_operation(&self, direction: Direction) -> bool {
        let waiting = &mut self.directions.lock()[direction as usize];
        std::mem::replace(&mut waiting.is_ready, false)
    }

    /// Says that a direction is ready, without an event: an operation did not block.
    pub(crate) fn set_ready(&self, direction: Direction) {
        let mut woken = Vec::new();
        self.event(Directions::one(direction), &mut woken);
        wake_each(woken);
    }

    /// An event of these directions.
    pub(crate) fn event(&self, ready: Directions, woken: &mut Vec<Waker>) {
        let mut directions = self.directions.lock();
        for direction in ready.iter() {
            directions[direction as usize].is_ready = true;
            directions[direction as usize].wake(woken);
        }
    }

    /// Has those that wait for these directions ask again.
    pub(crate) fn wake(&self, asked: Directions, woken: &mut Vec<Waker>) {
        let mut directions = self.directions.lock();
        for direction in asked.iter() {
            directions[direction as usize].wake(woken);
        }
    }

    /// Nothing is ready until the next event.
    pub(crate) fn clear(&self, direction: Direction) {
        self.directions.lock()[direction as usize].is_ready = false;
    }
}

/// Wakes each of them. A waker that panics is another executor's: its tasks alone suffer from it.
pub(super) fn wake_each(woken: impl IntoIterator<Item = Waker>) {
    for waker in woken {
        let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
    }
}

impl Waiting {
    fn wake(&mut self, woken: &mut Vec<Waker>) {
        woken.extend(self.polled.take());
        woken.extend(self.places.iter().filter_map(|place| place.waker.clone()));
    }

    fn take_place(&mut self) -> usize {
        let free = self.places.iter().position(|place| !place.is_taken);
        let index = free.unwrap_or_else(|| {
            self.places.push(Place::default());
            self.places.len() - 1
        });
        self.places[index].is_taken = true;
        index
    }
}

//! Operations in flight, and the one waitable set of the program that has them all.
//!
//! The host keeps a list of the operations that have ended, so that a wait costs what has ended,
//! whatever is in flight. Whichever selector waits, the events of all are taken: each goes to its
//! owner, which takes up the result and signals the selectors that it is registered with. One set is
//! enough, as one thread waits at a time, and what a dropped stream still sends goes on.

use std::collections::VecDeque;
use std::fmt;
use std::iter;
use std::ops::Deref;
use std::sync::{Arc, Weak};

use super::bindings::{Event, join_set, poll_event, wait_for_event, yield_to_host};
use crate::lock::Lock;

/// The most events that are taken before the caller goes on.
const MOST_EVENTS: usize = 1024;

/// The owner of operations.
pub(super) trait Completes: Send + Sync {
    /// Takes up an operation that has ended. Nothing is locked.
    fn complete(&self, event: Event);

    /// Starts what it has left to [`start_deferred`].
    fn start_deferred(&self) {}

    /// What the tables keep of it: an owner that is dropped needs no removal.
    fn weak(&self) -> WeakOwner;
}

pub(super) type WeakOwner = Weak<dyn Completes>;

/// A part of an owner, with operations of its own.
pub(super) trait Part: Send + Sync {
    /// Takes up an operation that has ended. Returns `false` if it is not of this part.
    fn complete(&self, owner: &dyn Completes, event: Event) -> bool;

    /// As [`Completes::start_deferred`].
    fn start_deferred(&self, _owner: &dyn Completes) {}
}

/// An owner of one part.
pub(super) struct Alone<P> {
    me: Weak<Self>,
    part: P,
}

impl<P> Alone<P> {
    pub(super) fn new(part: P) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: me.clone(),
            part,
        })
    }
}

impl<P: Part + 'static> Completes for Alone<P> {
    fn complete(&self, event: Event) {
        self.part.complete(self, event);
    }

    fn start_deferred(&self) {
        self.part.start_deferred(self);
    }

    fn weak(&self) -> WeakOwner {
        self.me.clone()
    }
}

impl<P> Deref for Alone<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.part
    }
}

impl<P: fmt::Debug> fmt::Debug for Alone<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.part.fmt(f)
    }
}

struct Table {
    /// By waitable: whose operation is in flight.
    owners: Vec<Option<WeakOwner>>,
    in_flight: usize,
}

static TABLE: Lock<Table> = Lock::new(Table {
    owners: Vec::new(),
    in_flight: 0,
});

/// Owners that have an operation to start before the next wait.
static DEFERRED: Lock<VecDeque<WeakOwner>> = Lock::new(VecDeque::new());

/// Has [`Completes::start_deferred`] called before the next wait. Once for each such call is enough.
pub(super) fn defer(owner: &dyn Completes) {
    DEFERRED.lock().push_back(owner.weak());
}

/// How many calls are to come.
#[cfg(test)]
pub(super) fn deferred() -> usize {
    DEFERRED.lock().len()
}

/// Starts the operations that were left for when the program has done what it had to do. By then
/// many end at once, which is cheaper than an event.
pub(super) fn start_deferred() {
    for owner in iter::from_fn(|| DEFERRED.lock().pop_front()) {
        if let Some(owner) = owner.upgrade() {
            owner.start_deferred();
        }
    }
}

/// An operation is in flight whose event will come from this waitable.
pub(super) fn add(waitable: u32, owner: &dyn Completes) {
    let owner = owner.weak();
    join_set(waitable);
    let table = &mut *TABLE.lock();
    let index = waitable as usize;
    if table.owners.len() <= index {
        table.owners.resize_with(index + 1, || None);
    }
    if table.owners[index].replace(owner).is_none() {
        table.in_flight += 1;
    }
}

/// The operation of a waitable is about to be cancelled.
pub(super) fn remove(waitable: u32) {
    drop(TABLE.lock().take(waitable));
}

impl Table {
    fn take(&mut self, waitable: u32) -> Option<WeakOwner> {
        let owner = self.owners.get_mut(waitable as usize)?.take()?;
        self.in_flight -= 1;
        Some(owner)
    }
}

/// Takes up an operation that has ended.
fn take_up(event: Event) {
    let owner = TABLE.lock().take(event.waitable());
    if let Some(owner) = owner.and_then(|owner| owner.upgrade()) {
        owner.complete(event);
    }
}

fn take_what_is_there() {
    for event in iter::from_fn(poll_event).take(MOST_EVENTS) {
        take_up(event);
    }
}

/// Lets the host run once, and takes up what has ended.
pub(super) fn progress() {
    take_what_is_there();
    yield_to_host();
    take_what_is_there();
}

/// Whether an event can come.
pub(super) fn are_in_flight() -> bool {
    TABLE.lock().in_flight > 0
}

/// Blocks until an operation has ended, and takes up all that have. One must be in flight.
pub(super) fn wait() {
    debug_assert!(are_in_flight(), "the host would never return");
    if let Some(event) = wait_for_event() {
        take_up(event);
        take_what_is_there();
    }
}

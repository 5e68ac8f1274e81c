//! Operations in flight, in the one waitable set of the program.
//!
//! The host keeps a list of the operations that have ended, so that a wait costs what has ended,
//! whatever is in flight. Whichever selector waits, the events of all are taken: each goes to its
//! owner, which takes up the result and signals the selectors that it is registered with. One set is
//! enough, as one thread waits at a time, and what a dropped stream still sends goes on.

use std::collections::VecDeque;
use std::io;
use std::iter;
use std::mem;

pub(super) use super::bindings::in_flight;
use super::bindings::{Event, join_set, poll_event, wait_for_event, yield_to_host};
use super::signals::{self, Signal};
use super::target::SignalId;
use crate::lock::Lock;

/// The most events that are taken before the caller goes on.
const MOST_EVENTS: usize = 1024;

/// Sources that have an operation to start before the next wait.
static DEFERRED: Lock<VecDeque<SignalId>> = Lock::new(VecDeque::new());

/// Has the owner of a source called before the next wait. Once for each such call is enough.
pub(super) fn defer(source: &Signal) {
    DEFERRED.lock().push_back(source.id());
}

/// How many calls are to come.
#[cfg(test)]
pub(super) fn deferred() -> usize {
    DEFERRED.lock().len()
}

/// Starts the operations that were left for when the program has done what it had to do. By then
/// many end at once, which is cheaper than an event.
pub(super) fn start_deferred() {
    for source in iter::from_fn(|| DEFERRED.lock().pop_front()) {
        if let Some(owner) = signals::owner(source) {
            owner.start_deferred();
        }
    }
}

/// An operation of a source is in flight whose event will come from this waitable. It is so until the
/// event has come or the waitable has left the set, which each does that is dropped.
pub(super) fn add(waitable: u32, source: &Signal) {
    join_set(waitable, source.id());
}

/// Takes up an operation that has ended.
fn take_up(event: Event) {
    if let Some(owner) = signals::owner(event.source()) {
        owner.complete(event);
    }
}

fn take_what_is_there() {
    iter::from_fn(poll_event)
        .take(MOST_EVENTS)
        .for_each(take_up);
}

/// Lets the host run once, and takes up what has ended.
// In each of the places that call it, this would make an echo server 4 kB larger.
#[inline(never)]
pub(super) fn progress() {
    take_what_is_there();
    yield_to_host();
    take_what_is_there();
}

/// Does something, and does it once more after the host has run if it would block.
pub(super) fn retried<T>(operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    retried_if(true, operation)
}

/// The same, but does it once more only where an operation was in flight before: the host has just
/// tried one that starts now.
pub(super) fn retried_if<T>(
    was_in_flight: bool,
    mut operation: impl FnMut() -> io::Result<T>,
) -> io::Result<T> {
    let mut is_left = was_in_flight;
    loop {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && mem::take(&mut is_left) => {
                progress();
            }
            result => return result,
        }
    }
}

/// Blocks until an operation has ended, and takes up all that have. One must be in flight.
pub(super) fn wait() {
    debug_assert!(in_flight() > 0, "the host would never return");
    if let Some(event) = wait_for_event() {
        take_up(event);
        take_what_is_there();
    }
}

/// Blocks for as long as an operation of a source is in flight.
pub(super) fn wait_while(is_busy: impl Fn() -> bool) {
    while is_busy() {
        wait();
    }
}

//! The polls of each thread.

use std::cell::{Cell, RefCell};

use crate::sys::{self, WeakSelector};

/// How many events a poll of this module asks its host for at once. None of them takes a place in
/// `Events`.
pub(super) const EVENTS: usize = 64;

thread_local! {
    /// The polls that this thread has made and that are still there: last the one that it was in
    /// last, or has made since.
    static POLLS: RefCell<Vec<WeakSelector>> = const { RefCell::new(Vec::new()) };
    /// Whether it may have more than one. Each poll reads this; the list would cost it 46 units of fuel.
    static HAS_CHOICE: Cell<bool> = const { Cell::new(false) };
}

/// Notes that this thread waits in one of its polls. One of another thread stays there.
#[inline]
pub(crate) fn waits_in(selector: &sys::Selector) {
    if HAS_CHOICE.get() {
        move_to_end(selector);
    }
}

#[cold]
fn move_to_end(selector: &sys::Selector) {
    let mut last = None;
    update(|polls| {
        let is_last = polls.last().is_none_or(|last| last.is(selector));
        if !is_last && let Some(index) = polls.iter().position(|poll| poll.is(selector)) {
            last = polls.last().and_then(WeakSelector::upgrade);
            polls[index..].rotate_left(1);
        }
    });
    // A source that a task of this poll awaits may be registered with the poll before. The task asks
    // again, and can move it.
    if let Some(last) = last {
        last.wake_all_tasks();
    }
}

/// Does nothing while the thread ends.
fn update(change: impl FnOnce(&mut Vec<WeakSelector>)) {
    let _ = POLLS.try_with(|polls| {
        let mut polls = polls.borrow_mut();
        change(&mut polls);
        HAS_CHOICE.set(polls.len() > 1);
    });
}

/// How many polls this thread has: those that it has made and that are still there.
///
/// With more than one, a source that is registered before the thread has waited may get the wrong
/// one. A task of tokio that yields first (`tokio::task::yield_now`) makes its runtime wait.
#[must_use]
pub fn polls() -> usize {
    let count = |polls: &RefCell<Vec<WeakSelector>>| {
        let polls = polls.borrow();
        polls.iter().filter(|poll| poll.upgrade().is_some()).count()
    };
    POLLS.try_with(count).unwrap_or(0)
}

/// Notes the poll that this thread has made, or waits in from now on.
pub(crate) fn entered(selector: &sys::Selector) {
    update(|polls| {
        polls.retain(|poll| !poll.is(selector) && poll.upgrade().is_some());
        polls.push(selector.downgrade());
    });
}

/// The last that is still there.
pub(super) fn latest() -> Option<sys::Selector> {
    let latest = |polls: &RefCell<Vec<WeakSelector>>| {
        let polls = polls.borrow();
        polls.iter().rev().find_map(WeakSelector::upgrade)
    };
    POLLS.try_with(latest).ok().flatten()
}

/// Notes that this thread waits in that poll no longer, or does not yet. Without threads the poll is
/// still its last choice, as no helper waits for what is registered meanwhile.
pub(super) fn left(selector: &sys::Selector) {
    update(|polls| {
        polls.retain(|poll| !poll.is(selector));
        #[cfg(not(wasio_threads))]
        polls.insert(0, selector.downgrade());
    });
}

/// A poll that this thread waits in until this is dropped.
pub(super) struct Entered(sys::Selector);

impl Entered {
    pub(super) fn new(selector: &sys::Selector) -> Self {
        entered(selector);
        Self(selector.clone())
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        left(&self.0);
    }
}

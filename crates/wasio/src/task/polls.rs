//! The polls of each thread.

use std::cell::RefCell;

use crate::sys::{self, WeakSelector};

thread_local! {
    /// The polls that this thread has made and that are still there, the latest last.
    static POLLS: RefCell<Vec<WeakSelector>> = const { RefCell::new(Vec::new()) };
}

/// Notes the poll that this thread has made, or waits in from now on.
pub(crate) fn entered(selector: &sys::Selector) {
    // The thread may be ending.
    let _ = POLLS.try_with(|polls| {
        let mut polls = polls.borrow_mut();
        polls.retain(|poll| !poll.is(selector) && poll.upgrade().is_some());
        polls.push(selector.downgrade());
    });
}

/// The latest that is still there.
pub(super) fn latest() -> Option<sys::Selector> {
    let latest = |polls: &RefCell<Vec<WeakSelector>>| {
        let polls = polls.borrow();
        polls.iter().rev().find_map(WeakSelector::upgrade)
    };
    POLLS.try_with(latest).ok().flatten()
}

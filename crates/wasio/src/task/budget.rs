//! How many operations a task of [`block_on`](super::block_on) may do until the others run.
//!
//! A peer that sends faster than a task reads would otherwise keep the thread in that task: its reads
//! never find nothing, and so it never waits. Other executors have rules of their own.

use std::cell::Cell;
use std::task::{Context, Poll};

/// As many as tokio allows.
const OPERATIONS: u32 = 128;

thread_local! {
    /// What the task that runs may still do; `None` outside of `block_on`.
    static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Runs a task, or the future of `block_on`, until it waits.
pub(super) fn with_budget<R>(run: impl FnOnce() -> R) -> R {
    /// Also after a panic.
    struct Restore(Option<u32>);

    impl Drop for Restore {
        fn drop(&mut self) {
            LEFT.set(self.0);
        }
    }

    let _restore = Restore(LEFT.replace(Some(OPERATIONS)));
    run()
}

/// One operation of the budget, which goes back when this is dropped: what finds nothing is free.
#[must_use = "`keep` it if the operation found something"]
pub(super) struct Spent(());

impl Spent {
    /// The operation found something.
    pub(super) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Spent {
    fn drop(&mut self) {
        LEFT.set(LEFT.get().map(|left| left.saturating_add(1)));
    }
}

/// Takes one operation of the budget. Once there is none left the task yields: it runs again after the
/// others, and after the poll.
pub(super) fn spend(context: &Context<'_>) -> Poll<Spent> {
    match LEFT.get() {
        None => {}
        Some(0) => {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Some(left) => LEFT.set(Some(left - 1)),
    }
    Poll::Ready(Spent(()))
}

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

/// Whether the task may go on. Once it has no operation left it yields: it runs again after the others,
/// and after the poll.
pub(super) fn proceed(context: &Context<'_>) -> Poll<()> {
    if LEFT.get() == Some(0) {
        context.waker().wake_by_ref();
        return Poll::Pending;
    }
    Poll::Ready(())
}

/// Takes one operation of the budget, for one that did not have to wait.
pub(super) fn spend() {
    LEFT.set(LEFT.get().map(|left| left.saturating_sub(1)));
}

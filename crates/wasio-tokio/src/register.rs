//! Which poll a source is registered with: that of the runtime that runs the task.

use std::io;
use std::pin::pin;
use std::task::{Context, Poll};

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::yield_now;
use wasio::Interest;
use wasio::event::Source;
use wasio::task::{self, Async};

/// Registers a source.
pub(crate) async fn register<S: Source>(source: S, interest: Interest) -> io::Result<Async<S>> {
    if is_poll_uncertain() {
        yield_now().await;
    }
    register_now(source, interest)
}

/// The same, where this thread has waited in the poll of its runtime last.
pub(crate) fn register_now<S: Source>(source: S, interest: Interest) -> io::Result<Async<S>> {
    if has_workers() {
        Async::in_background(source, interest)
    } else {
        Async::with_interest(source, interest)
    }
}

/// Whether a task of this runtime is woken if it awaits the source.
pub(crate) fn is_registered_here<S: Source>(source: &Async<S>) -> bool {
    if has_workers() {
        source.is_in_background()
    } else {
        source.is_registered_here()
    }
}

/// Whether the runtime has several threads: which of them waits in its poll changes, and this thread
/// may have a poll of its own that nobody waits in.
fn has_workers() -> bool {
    let is_multi_thread = |handle: Handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread;
    Handle::try_current().is_ok_and(is_multi_thread)
}

/// Whether this thread has several runtimes, and may have waited in another one last. A task that
/// yields has its own one wait, so that wasio knows.
pub(crate) fn is_poll_uncertain() -> bool {
    !has_workers() && task::polls() > 1
}

/// Yields: the task runs again after its runtime has waited, and that does not block.
pub(crate) fn poll_yield<T>(context: &mut Context<'_>) -> Poll<T> {
    let yielded = pin!(yield_now()).poll(context);
    debug_assert!(yielded.is_pending());
    Poll::Pending
}

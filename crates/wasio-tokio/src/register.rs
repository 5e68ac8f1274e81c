//! Which poll a source is registered with: that of the runtime that runs the task.

use std::io;
use std::pin::pin;
use std::task::{Context, Poll};

use tokio::task::yield_now;
use wasio::Interest;
use wasio::event::Source;
use wasio::task::{self, Async};

/// Registers a source.
pub(crate) async fn register<S: Source>(source: S, interest: Interest) -> io::Result<Async<S>> {
    if is_poll_uncertain() {
        yield_now().await;
    }
    Async::with_interest(source, interest)
}

/// Whether this thread has several runtimes, and may have waited in another one last. A task that
/// yields has its own one wait, so that wasio knows.
pub(crate) fn is_poll_uncertain() -> bool {
    task::polls() > 1
}

/// Yields: the task runs again after its runtime has waited, and that does not block.
pub(crate) fn poll_yield<T>(context: &mut Context<'_>) -> Poll<T> {
    let yielded = pin!(yield_now()).poll(context);
    debug_assert!(yielded.is_pending());
    Poll::Pending
}

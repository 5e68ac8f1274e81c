//! Which poll a source is registered with.
//!
//! On WASI that is the poll of the runtime that runs the task. Natively it is the poll of a thread
//! that does nothing but wait: any thread may run a task of any runtime, and may have a poll of its
//! own in which nobody waits.

use std::io;
use std::pin::pin;
use std::task::{Context, Poll};

use tokio::task::yield_now;
use wasio::Interest;
use wasio::event::Source;
use wasio::task::{self, Async};

/// Whether a thread that does nothing but wait has the poll of all sources.
const IN_BACKGROUND: bool = cfg!(not(target_os = "wasi"));

/// Registers a source.
pub(crate) async fn register<S: Source>(source: S, interest: Interest) -> io::Result<Async<S>> {
    if is_poll_uncertain() {
        yield_now().await;
    }
    register_now(source, interest)
}

/// The same, where this thread has waited in the poll of its runtime last.
pub(crate) fn register_now<S: Source>(source: S, interest: Interest) -> io::Result<Async<S>> {
    if IN_BACKGROUND {
        Async::in_background(source, interest)
    } else {
        Async::with_interest(source, interest)
    }
}

/// Whether a task of this runtime is woken if it awaits the source.
pub(crate) fn is_registered_here<S: Source>(source: &Async<S>) -> bool {
    if IN_BACKGROUND {
        source.is_in_background()
    } else {
        source.is_registered_here()
    }
}

/// Whether this thread has several runtimes, and may have waited in another one last. A task that
/// yields has its own one wait, so that wasio knows.
pub(crate) fn is_poll_uncertain() -> bool {
    !IN_BACKGROUND && task::polls() > 1
}

/// Yields: the task runs again after its runtime has waited, and that does not block.
pub(crate) fn poll_yield<T>(context: &mut Context<'_>) -> Poll<T> {
    let yielded = pin!(yield_now()).poll(context);
    debug_assert!(yielded.is_pending());
    Poll::Pending
}

#[cfg(all(test, not(target_os = "wasi")))]
mod tests {
    use std::thread;
    use std::time::Duration;

    use tokio::runtime::{Builder, Runtime};
    use tokio::time::timeout;

    use crate::lookup_host;

    const LIMIT: Duration = Duration::from_secs(20);

    fn runtime() -> Runtime {
        let mut builder = Builder::new_current_thread();
        builder.enable_all().build().expect("a runtime")
    }

    /// The thread has a poll of its own, and waits in that of another thread's runtime.
    #[test]
    fn a_name_is_awaited_in_a_runtime_that_another_thread_has_made() {
        let runtime_of_another = runtime();
        let thread = thread::spawn(move || {
            let _idle = runtime();
            runtime_of_another.block_on(async {
                let found = timeout(LIMIT, lookup_host("localhost:80")).await;
                let mut found = found.expect("it takes too long").expect("an address");
                assert!(found.next().is_some());
            });
        });
        thread.join().expect("no panic");
    }
}

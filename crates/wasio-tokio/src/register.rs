//! Which poll a source is registered with.
//!
//! On WASI that is the poll of the runtime that runs the task. Natively it is the poll of a thread
//! that does nothing but wait: any thread may run a task of any runtime, and may have a poll of its
//! own in which nobody waits.

use std::fmt;
use std::io::{self, ErrorKind};
use std::mem;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use tokio::task::yield_now;
use wasio::Interest;
use wasio::event::Source;
use wasio::task::{self, Async};

/// Whether a thread that does nothing but wait has the poll of all sources.
const IN_BACKGROUND: bool = cfg!(not(target_os = "wasi"));

/// A source that a task waits for. It is registered by the first operation that would block.
///
/// A task that waits for it in another runtime moves the registration there. So does one that finds
/// it registered with the wrong poll: on a thread with several runtimes wasio cannot tell which one
/// runs a task until that runtime has waited.
pub(crate) struct Awaited<S: Source> {
    place: Place<S>,
    interest: Interest,
    /// Whether this wait has yielded, where the poll was uncertain.
    has_yielded: bool,
}

enum Place<S: Source> {
    Nowhere(S),
    Registered(Async<S>),
    /// Its deregistration has failed.
    Lost,
}

impl<S: Source> Awaited<S> {
    pub(crate) fn new(source: S, interest: Interest) -> Self {
        Self {
            place: Place::Nowhere(source),
            interest,
            has_yielded: false,
        }
    }

    /// Tries `operation` until it does not block.
    pub(crate) fn poll<R>(
        &mut self,
        context: &mut Context<'_>,
        mut operation: impl FnMut(&S) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            match operation(self.source()?) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // What became ready before it was registered is seen by one more try.
                    if !ready!(self.poll_register(context))? {
                        ready!(self.poll_event(context))?;
                    }
                }
                result => {
                    self.has_yielded = false;
                    return Poll::Ready(result);
                }
            }
        }
    }

    /// Whether the source is ready; if not, the task is woken once it is.
    #[cfg(all(target_os = "wasi", target_env = "p2", not(wasio_backend = "p3")))]
    pub(crate) fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_register(context))?;
        self.poll_event(context)
    }

    fn source(&self) -> io::Result<&S> {
        match &self.place {
            Place::Nowhere(source) => Ok(source),
            Place::Registered(source) => Ok(source.get_ref()),
            Place::Lost => Err(ErrorKind::NotConnected.into()),
        }
    }

    /// Has the source registered with the poll that this thread waits in. Whether it was not before.
    fn poll_register(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if is_poll_uncertain() && !mem::replace(&mut self.has_yielded, true) {
            return poll_yield(context);
        }
        let is_registered = matches!(&self.place, Place::Registered(one) if is_here(one));
        if is_registered {
            self.has_yielded = false;
        } else {
            self.register()?;
        }
        Poll::Ready(Ok(!is_registered))
    }

    fn register(&mut self) -> io::Result<()> {
        let source = match mem::replace(&mut self.place, Place::Lost) {
            Place::Nowhere(source) => source,
            Place::Registered(source) => source.into_inner()?,
            Place::Lost => return Err(ErrorKind::NotConnected.into()),
        };
        self.place = Place::Registered(if IN_BACKGROUND {
            Async::in_background(source, self.interest)?
        } else {
            Async::with_interest(source, self.interest)?
        });
        Ok(())
    }

    fn poll_event(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &self.place {
            Place::Registered(source) if self.interest.is_readable() => {
                source.poll_readable(context)
            }
            Place::Registered(source) => source.poll_writable(context),
            Place::Nowhere(_) | Place::Lost => Poll::Ready(Ok(())),
        }
    }
}

impl<S: Source> fmt::Debug for Awaited<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.place {
            Place::Nowhere(_) => "open",
            Place::Registered(_) => "registered",
            Place::Lost => "lost",
        })
    }
}

/// Whether the poll of the source is the one that this thread has waited in last.
fn is_here<S: Source>(source: &Async<S>) -> bool {
    IN_BACKGROUND || source.is_registered_here()
}

/// Whether this thread has several runtimes, and may have waited in another one last. A task that
/// yields has its own one wait, unless something else wakes it before.
fn is_poll_uncertain() -> bool {
    !IN_BACKGROUND && task::polls() > 1
}

/// Yields: the task runs again after its runtime has waited, and that does not block.
fn poll_yield<T>(context: &mut Context<'_>) -> Poll<T> {
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

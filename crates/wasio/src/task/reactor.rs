//! Which poll a source is registered with: the one that this thread waits in.

use std::io;

use super::polls::latest;
use crate::sys;

/// The poll that this thread waits in: see [`Async`](super::Async). A thread without any has one
/// made for it.
pub(super) fn current() -> io::Result<sys::Selector> {
    match latest() {
        Some(selector) => Ok(selector),
        None => without_poll(),
    }
}

/// Without threads the poll must be the one that this thread will wait in.
#[cfg(not(wasio_threads))]
fn without_poll() -> io::Result<sys::Selector> {
    super::executor::selector()
}

/// With threads it is that of a thread that does nothing but wait: this one may never wait.
#[cfg(wasio_threads)]
fn without_poll() -> io::Result<sys::Selector> {
    use std::sync::{Mutex, PoisonError};

    use crate::Registry;

    static HELPER: Mutex<Option<Registry>> = Mutex::new(None);

    let mut helper = HELPER.lock().unwrap_or_else(PoisonError::into_inner);
    if helper.is_none() {
        *helper = Some(start_helper()?);
    }
    let registry = helper.as_ref().ok_or(io::ErrorKind::Other)?;
    Ok(registry.selector().inner().clone())
}

/// Starts a thread that waits for ever, and returns a handle to its poll.
#[cfg(wasio_threads)]
fn start_helper() -> io::Result<crate::Registry> {
    use std::thread;
    use std::time::Duration;

    use crate::{Events, Poll};

    /// How long the thread rests after an error of its wait, which may come again at once.
    const REST: Duration = Duration::from_millis(10);

    let mut poll = Poll::new()?;
    // With a second handle there may always be something to wait for.
    let registry = poll.registry().try_clone()?;
    let wait = move || {
        let mut events = Events::with_capacity(super::polls::EVENTS);
        loop {
            if poll.poll(&mut events, None).is_err() {
                thread::sleep(REST);
            }
        }
    };
    thread::Builder::new()
        .name("wasio-task".into())
        .spawn(wait)?;
    Ok(registry)
}

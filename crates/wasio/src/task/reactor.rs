//! Which poll a source is registered with: the one that this thread waits in.

use std::io;

use super::polls::latest;
#[cfg(wasio_threads)]
use crate::Registry;
#[cfg(wasio_threads)]
use crate::lock::Lock;
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
    background()
}

/// A poll that is waited in whatever this thread does, where there are threads.
#[cfg(not(wasio_threads))]
pub(super) fn background() -> io::Result<sys::Selector> {
    current()
}

#[cfg(not(wasio_threads))]
pub(super) const fn is_background(_selector: &sys::Selector) -> bool {
    false
}

#[cfg(wasio_threads)]
static HELPER: Lock<Option<Registry>> = Lock::new(None);

#[cfg(wasio_threads)]
pub(super) fn background() -> io::Result<sys::Selector> {
    let mut helper = HELPER.lock();
    if helper.is_none() {
        *helper = Some(start_helper()?);
    }
    let registry = helper.as_ref().ok_or(io::ErrorKind::Other)?;
    Ok(registry.selector().inner().clone())
}

#[cfg(wasio_threads)]
pub(super) fn is_background(selector: &sys::Selector) -> bool {
    let helper = HELPER.lock();
    (helper.as_ref()).is_some_and(|one| one.selector().inner().downgrade().is(selector))
}

/// Starts a thread that waits for ever, and returns a handle to its poll.
#[cfg(wasio_threads)]
fn start_helper() -> io::Result<Registry> {
    use std::thread;
    use std::time::Duration;

    use crate::{Events, Poll};

    /// How long the thread rests after an error of its wait, which may come again at once.
    const REST: Duration = Duration::from_millis(10);

    let mut poll = Poll::new()?;
    super::polls::left(poll.registry().selector().inner());
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

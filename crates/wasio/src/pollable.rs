use std::io;

use crate::registration::{self, Registration};
use crate::sys::{self, Backend, Target};
use crate::{Interest, Mode, Registry, Token, event};

/// Any pollable of `wasi:io/poll`, from any bindings, also those of another version of WASI 0.2: a future of
/// `wasi:http`, a body's stream, a clock. (WASI 0.2 only.)
///
/// It becomes readable, level-triggered: each poll reports it for as long as the host calls it
/// ready; or, made by [`oneshot`](Self::oneshot), once a registration.
///
/// It is known by its handle and not owned: drop or deregister this before the pollable is
/// dropped. The host ends the program that waits for a pollable which is gone; so that takes it
/// out of the forks of its selector, too.
///
/// # Examples
///
/// ```
/// # #[cfg(all(target_os = "wasi", target_env = "p2"))]
/// # fn main() -> std::io::Result<()> {
/// use wasio::{Events, Interest, Poll, Pollable, Token};
///
/// let soon = wasip2::clocks::monotonic_clock::subscribe_duration(1_000_000);
/// let mut source = Pollable::new(soon.handle());
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// poll.registry().register(&mut source, Token(0), Interest::READABLE)?;
/// poll.poll(&mut events, None)?;
/// assert!(events.iter().next().unwrap().is_readable());
/// # drop(source);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Pollable {
    registration: Option<Registration>,
    handle: u32,
    mode: Mode,
}

impl Pollable {
    /// The pollable with this handle, reported by each poll while it is ready.
    #[must_use]
    pub fn new(handle: u32) -> Self {
        Self::with_mode(handle, Mode::Level)
    }

    /// The pollable with this handle, reported once a registration.
    #[must_use]
    pub fn oneshot(handle: u32) -> Self {
        Self::with_mode(handle, Mode::Oneshot)
    }

    fn with_mode(handle: u32, mode: Mode) -> Self {
        Self {
            registration: None,
            handle,
            mode,
        }
    }

    /// The handle.
    #[must_use]
    pub fn handle(&self) -> u32 {
        self.handle
    }
}

impl event::Source for Pollable {
    /// `interests` must hold [`Interest::READABLE`]: a pollable becomes nothing else.
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        interests.check_readable("a pollable")?;
        let target = Target::pollables(Some(self.handle), None);
        let selector = registration::begin(&self.registration, registry)?;
        let key = selector.register_pollables(target, token, Interest::READABLE, self.mode)?;
        self.registration = Some(Registration::new(selector, key));
        Ok(())
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        interests.check_readable("a pollable")?;
        let registration = registration::current(&self.registration, registry)?;
        let (selector, key) = (registration.selector(), registration.key());
        selector.reregister(key, token, Interest::READABLE, self.mode)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registration::deregister(&mut self.registration, registry)?;
        sys::forget_pollable(self.handle);
        Ok(())
    }
}

impl Drop for Pollable {
    fn drop(&mut self) {
        if self.registration.take().is_some() {
            sys::forget_pollable(self.handle);
        }
    }
}

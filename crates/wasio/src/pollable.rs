use std::io;

use crate::registration::{self, Registration};
use crate::sys::{self, Target};
use crate::{Interest, Mode, Registry, Token, event};

/// Any `pollable` of `wasi:io/poll` as a source, for example one of `wasi:http` or of a clock (WASI
/// 0.2 only).
///
/// The pollable may come from any bindings, including bindings of another release of WASI 0.2.
///
/// When the pollable is ready, the source is readable. It is level-triggered: each poll reports it
/// for as long as the host calls it ready. A source made by [`oneshot`](Self::oneshot) is reported
/// once per registration.
///
/// A `Pollable` borrows the pollable by its handle. Drop or deregister it before the pollable
/// itself is dropped: the host traps if a wait names a pollable that no longer exists. This also
/// removes it from all [forks](crate::Selector::fork) of its selector, for the same reason.
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
    /// Creates a level-triggered source for the pollable with this handle.
    #[must_use]
    pub fn new(handle: u32) -> Self {
        Self::with_mode(handle, Mode::Level)
    }

    /// Creates a source for the pollable with this handle that is reported once per registration.
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

    /// Returns the handle.
    #[must_use]
    pub fn handle(&self) -> u32 {
        self.handle
    }
}

impl event::Source for Pollable {
    /// `interests` must include [`Interest::READABLE`]: a pollable is never writable.
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        interests.check_readable("a pollable")?;
        let target = Target::pollables(Some(self.handle), None);
        let selector = registration::selector_for(&self.registration, registry)?;
        let key = selector.register_source(target, token, Interest::READABLE, self.mode)?;
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

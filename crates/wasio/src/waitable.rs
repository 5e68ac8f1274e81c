use std::io;

use crate::registration::{self, Registration};
use crate::sys::Foreign;
use crate::{Interest, Mode, Registry, Token, event};

/// Any waitable of the component model as a source: a stream, a future or a subtask of bindings other
/// than wasio's, for example of a request by `wasi:http` (WASI 0.3 only).
///
/// 1. Start an operation by those bindings. If it has not ended at once, make a `Waitable` of its
///    handle and register it.
/// 2. When the operation has ended the source is readable, in each poll until
///    [`take_code`](Self::take_code) is called.
/// 3. For the next operation of the same waitable, start that and call `reregister`.
///
/// A `Waitable` borrows the waitable by its handle. Drop or deregister it before the operation is
/// cancelled or the waitable is dropped, unless the code was taken: the host traps otherwise. The
/// waitable must be in no waitable set of its own.
///
/// A subtask that its owner cancels asynchronously is never reported: only one that has returned
/// is.
#[derive(Debug)]
pub struct Waitable {
    registration: Option<Registration>,
    inner: Foreign,
}

impl Waitable {
    /// Creates a source for the waitable with this handle, an operation of which is in flight.
    #[must_use]
    pub fn new(handle: u32) -> Self {
        Self {
            registration: None,
            inner: Foreign::new(handle),
        }
    }

    /// Returns the handle.
    #[must_use]
    pub fn handle(&self) -> u32 {
        self.inner.handle()
    }

    /// Takes the code of the operation that has ended, as the component model encodes it: the state of
    /// a subtask, or what a read or a write of a stream or a future did. `None` if none has ended.
    pub fn take_code(&self) -> Option<u32> {
        self.inner.take_code()
    }
}

impl event::Source for Waitable {
    /// `interests` must include [`Interest::READABLE`]: a waitable is never writable.
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        interests.check_readable("a waitable")?;
        let selector = registration::selector_for(&self.registration, registry)?;
        let target = self.inner.watch();
        let key = selector.register_source(target, token, Interest::READABLE, Mode::Level)?;
        self.registration = Some(Registration::new(selector, key));
        Ok(())
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        interests.check_readable("a waitable")?;
        let registration = registration::current(&self.registration, registry)?;
        self.inner.watch();
        let (selector, key) = (registration.selector(), registration.key());
        selector.reregister(key, token, Interest::READABLE, Mode::Level)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registration::deregister(&mut self.registration, registry)?;
        self.inner.release();
        Ok(())
    }
}

impl Drop for Waitable {
    fn drop(&mut self) {
        self.inner.release();
    }
}

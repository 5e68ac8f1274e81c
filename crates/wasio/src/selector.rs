use std::fmt;
use std::io;
use std::time::Duration;

use crate::errors::static_error;
use crate::portable::Config;
use crate::sys;
use crate::{Events, Interest, Mode, RawDescriptor, Token};

/// The object that waits: the low-level side of [`Poll`](crate::Poll).
///
/// It is meant for authors of sources and runtimes. Programs use [`Poll`](crate::Poll) and
/// [`Registry`](crate::Registry). A selector knows descriptors by their number and does not own
/// them: the caller keeps a descriptor open while it is registered.
///
/// # Platform behaviour
///
/// Guaranteed: every method may be called while another thread is in [`select`](Self::select), and
/// returns without waiting for that thread.
///
/// Today: natively such a call takes effect at once. On `wasm32-wasip1-threads` no host call can be
/// interrupted. There it takes effect within 10 ms if there is a second handle
/// ([`try_clone`](Self::try_clone)) or a [`Waker`](crate::Waker). Without a waker, the first such
/// call may need 200 ms, or one second if the other thread has no handle but only a reference.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::time::Duration;
/// use wasio::{Events, Selector};
///
/// let selector = Selector::new()?;
/// let mut events = Events::with_capacity(8);
/// selector.select(&mut events, Some(Duration::ZERO))?;
/// assert!(events.is_empty());
///
/// // Without a source, a timer, a waker or a timeout there is nothing to wait for.
/// let error = selector.select(&mut events, None).unwrap_err();
/// assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
/// # Ok(())
/// # }
/// ```
pub struct Selector {
    inner: sys::Selector,
    /// Whether it counts among the handles to wait with: not that of a `Registry` beside its `Poll`.
    #[cfg(feature = "task")]
    waits: bool,
}

impl Selector {
    /// Creates a selector with no registrations.
    ///
    /// # Errors
    ///
    /// Natively the error of the operating system, for example too many open files. On WASI it does
    /// not fail.
    pub fn new() -> io::Result<Self> {
        Self::with_config(Config::DEFAULT)
    }

    pub(crate) fn with_config(config: Config) -> io::Result<Self> {
        sys::Selector::new(config).map(Self::from_inner)
    }

    pub(crate) fn from_inner(inner: sys::Selector) -> Self {
        #[cfg(feature = "task")]
        inner.retain_waiting();
        inner.retain();
        Self {
            inner,
            #[cfg(feature = "task")]
            waits: true,
        }
    }

    /// A handle that nobody waits with.
    pub(crate) fn to_register(inner: sys::Selector) -> Self {
        inner.retain();
        Self {
            inner,
            #[cfg(feature = "task")]
            waits: false,
        }
    }

    /// Waits until a source is ready, a timer expires, [`Waker::wake`](crate::Waker::wake) is
    /// called or `timeout` has passed. The events replace the previous content of `events`.
    ///
    /// `None` waits without a limit, and zero does not block. The timeout is measured on the
    /// monotonic clock and rounded up to what the host supports, so the call never returns early.
    ///
    /// # Errors
    ///
    /// * [`InvalidInput`](io::ErrorKind::InvalidInput): there is nothing to wait for (no source,
    ///   timer, waker or timeout) and nothing can come, as there is no second handle
    ///   ([`try_clone`](Self::try_clone)) that another thread may hold. Or the capacity of `events`
    ///   is 0.
    /// * [`ResourceBusy`](io::ErrorKind::ResourceBusy): another thread is in `select` on this
    ///   selector.
    /// * The host's error if the wait itself failed. The error of one source is an event of that
    ///   source and does not make this call fail.
    pub fn select(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        events.clear();
        if events.capacity() == 0 {
            return Err(static_error(
                io::ErrorKind::InvalidInput,
                "`events` has capacity 0, so no event could be returned: \
                 use `Events::with_capacity(1)` or more",
            ));
        }
        self.inner.select(events, timeout)
    }

    /// Registers a descriptor, level-triggered.
    ///
    /// Keep the descriptor open until it is deregistered.
    ///
    /// # Errors
    ///
    /// * [`AlreadyExists`](io::ErrorKind::AlreadyExists): the descriptor is already registered.
    /// * The host's error, for example if the descriptor is not open.
    pub fn register(
        &self,
        descriptor: RawDescriptor,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        self.register_with(descriptor, token, interests, Mode::Level)
    }

    /// Registers a descriptor in the given mode.
    ///
    /// # Errors
    ///
    /// The same as [`register`](Self::register).
    pub fn register_with(
        &self,
        descriptor: RawDescriptor,
        token: Token,
        interests: Interest,
        mode: Mode,
    ) -> io::Result<()> {
        self.inner
            .register(descriptor, token, interests, mode)
            .map(drop)
    }

    /// Replaces the token and the interests of a registration, keeps its mode, and arms it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound): the descriptor is not registered.
    pub fn reregister(
        &self,
        descriptor: RawDescriptor,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let (key, mode) = self.inner.find(descriptor)?;
        self.inner.reregister(key, token, interests, mode)
    }

    /// Replaces the token, the interests and the mode of a registration, and arms it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound): the descriptor is not registered.
    pub fn reregister_with(
        &self,
        descriptor: RawDescriptor,
        token: Token,
        interests: Interest,
        mode: Mode,
    ) -> io::Result<()> {
        let (key, _) = self.inner.find(descriptor)?;
        self.inner.reregister(key, token, interests, mode)
    }

    /// Removes a registration. Call this before the descriptor is closed: afterwards its number may
    /// belong to another source.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound): the descriptor is not registered.
    pub fn deregister(&self, descriptor: RawDescriptor) -> io::Result<()> {
        let (key, _) = self.inner.find(descriptor)?;
        self.inner.deregister(key)
    }

    /// Creates a second handle to the same selector. Both handles see the same registrations.
    ///
    /// # Errors
    ///
    /// None today.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self::from_inner(self.inner.clone()))
    }

    /// Creates an independent selector that starts with the registrations and timers of this one.
    ///
    /// Later changes to one of the two do not affect the other. [`Mode::Edge`] becomes
    /// [`Mode::Level`] in the fork, because a source reports its I/O only to the selector that it
    /// was registered with. For the same reason a fork reports once, on WASI 0.2, what wasio has read
    /// ahead of the program (bytes of a stream, a datagram that was peeked at, the address in place
    /// of a name), and on WASI 0.1 nothing of what is left of standard input in wasio. The
    /// [`Waker`](crate::Waker) remains with this selector.
    ///
    /// # Errors
    ///
    /// The same as [`new`](Self::new).
    pub fn fork(&self) -> io::Result<Self> {
        self.inner.fork().map(Self::from_inner)
    }

    pub(crate) fn inner(&self) -> &sys::Selector {
        &self.inner
    }
}

impl Drop for Selector {
    fn drop(&mut self) {
        #[cfg(feature = "task")]
        if self.waits {
            self.inner.release_waiting();
        }
        self.inner.release();
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

use std::fmt;
use std::io;
use std::time::Duration;

use crate::portable::Config;
use crate::sys::{self, Backend};
use crate::{Events, Interest, Token};

/// What the operating system or the WASI host calls an open source.
#[cfg(any(unix, target_os = "wasi"))]
pub type RawDescriptor = std::os::fd::RawFd;
/// What the operating system calls an open source.
#[cfg(windows)]
pub type RawDescriptor = std::os::windows::io::RawSocket;

/// How a registration goes on after an event.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// Each poll reports the source for as long as it is ready. The only mode for
    /// sources whose I/O wasio does not see.
    Level,
    /// Silent after an event until an operation through wasio says that there is no more
    /// ([`IoSource`](crate::IoSource) does), or until it is registered again.
    Edge,
    /// Silent after an event until it is registered again.
    Oneshot,
}

/// The object that waits: the low-level side of [`Poll`](crate::Poll).
///
/// It waits for descriptors by number and does not own them. Programs use
/// [`Poll`](crate::Poll) and [`Registry`](crate::Registry); a `Selector` is for authors of sources and
/// runtimes. Every method takes `&self` and may be called while another thread waits in
/// [`select`](Self::select), and never waits for that wait. Natively it takes effect at once.
/// On `wasm32-wasip1-threads`, where no host can be interrupted, it does within 10 ms if there is
/// a second handle ([`try_clone`](Self::try_clone)) or a [`Waker`](crate::Waker); the first such
/// call may take 200 ms where there is no waker, and through a shared reference alone a second.
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
}

impl Selector {
    /// A selector with no registrations.
    ///
    /// # Errors
    ///
    /// None on WASI; natively what the operating system says (too many open files).
    pub fn new() -> io::Result<Self> {
        Self::with_config(Config::DEFAULT)
    }

    pub(crate) fn with_config(config: Config) -> io::Result<Self> {
        sys::Selector::new(config).map(Self::from_inner)
    }

    fn from_inner(inner: sys::Selector) -> Self {
        inner.retain();
        Self { inner }
    }

    /// Waits until a source is ready, a timer fires, [`Waker::wake`](crate::Waker::wake) is
    /// called or `timeout` has passed, and replaces the content of `events` by what was found.
    ///
    /// `timeout` is measured on the monotonic clock and never ends early; it is rounded up to
    /// what the host can do. `None` waits without limit; zero does not block.
    ///
    /// # Errors
    ///
    /// * [`InvalidInput`](io::ErrorKind::InvalidInput): nothing to wait for (no source, timer,
    ///   waker or timeout), or `events` has a capacity of 0.
    /// * [`ResourceBusy`](io::ErrorKind::ResourceBusy): another thread is in `select` of this selector.
    /// * What the host says when the wait itself failed. An error of one source is an event of
    ///   that source, not an error here.
    pub fn select(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        events.clear();
        if events.capacity() == 0 {
            return Err(sys::static_error(
                io::ErrorKind::InvalidInput,
                "`events` has capacity 0, so no event could be returned: \
                 use `Events::with_capacity(1)` or more",
            ));
        }
        self.inner.select(events, timeout)
    }

    /// Registers a descriptor, level-triggered, and arms it.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the descriptor is registered; the
    /// host's error if it is not open.
    pub fn register(
        &self,
        descriptor: RawDescriptor,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        self.register_with(descriptor, token, interests, Mode::Level)
    }

    /// As [`register`](Self::register), in a mode of the caller's choice.
    ///
    /// # Errors
    ///
    /// As [`register`](Self::register).
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

    /// Replaces token and interests of a registration, keeps its mode, and arms it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if the descriptor is not registered.
    pub fn reregister(
        &self,
        descriptor: RawDescriptor,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        let (key, mode) = self.inner.find(descriptor)?;
        self.inner.reregister(key, token, interests, mode)
    }

    /// Replaces token, interests and mode of a registration, and arms it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if the descriptor is not registered.
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

    /// Removes a registration. Do it before the descriptor is closed.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if the descriptor is not registered.
    pub fn deregister(&self, descriptor: RawDescriptor) -> io::Result<()> {
        let (key, _) = self.inner.find(descriptor)?;
        self.inner.deregister(key)
    }

    /// A second handle to the same selector: what is registered through one is seen by both.
    ///
    /// # Errors
    ///
    /// None today.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self::from_inner(self.inner.clone()))
    }

    /// An independent selector that starts with the registrations and timers of this one.
    ///
    /// From then on each goes its own way. [`Mode::Edge`] becomes [`Mode::Level`] in the fork:
    /// the sources report their I/O to the selector they were registered with. The
    /// [`Waker`](crate::Waker) stays with this one.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new).
    pub fn fork(&self) -> io::Result<Self> {
        self.inner.fork().map(Self::from_inner)
    }

    pub(crate) fn inner(&self) -> &sys::Selector {
        &self.inner
    }
}

impl Drop for Selector {
    fn drop(&mut self) {
        self.inner.release();
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

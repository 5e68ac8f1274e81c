use std::fmt;
use std::io;
use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU8, Ordering};

use crate::io_outcome::IoOutcome;
use crate::portable::{Direction, Directions};
use crate::registration::{self, Registration};
use crate::sys;
use crate::{Interest, Mode, Registry, Token, event};

/// Makes a source of any type that has a descriptor, edge-triggered: after an event a
/// direction is silent until an operation on it returns
/// [`WouldBlock`](io::ErrorKind::WouldBlock) or another error.
///
/// For that, every operation that may block must go through [`do_io`](Self::do_io) or
/// [`do_io_with`](Self::do_io_with). The descriptor must be non-blocking. Dropping the `IoSource`
/// deregisters it. On WASI 0.2 the wait alternates between descriptors and other sources: see
/// [`SourceFd`](crate::SourceFd#platform-behaviour).
///
/// If operations find nothing after several events in a row, the direction is armed later: after
/// 256 ms at most. [`reregister`](event::Source::reregister) arms at once.
///
/// # Examples
///
/// ```
/// # #[cfg(all(unix, feature = "net"))]
/// # fn main() -> std::io::Result<()> {
/// use std::io::{ErrorKind, Read, Write};
/// use std::os::unix::net::UnixStream;
/// use wasio::{Events, Interest, IoSource, Poll, Token};
///
/// let (ours, mut theirs) = UnixStream::pair()?;
/// ours.set_nonblocking(true)?;
/// let mut source = IoSource::new(ours);
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// poll.registry().register(&mut source, Token(0), Interest::READABLE)?;
///
/// theirs.write_all(b"hello")?;
/// poll.poll(&mut events, None)?;
/// let mut buffer = [0; 16];
/// let read = source.do_io_with(Interest::READABLE, |mut stream| stream.read(&mut buffer))?;
/// assert_eq!(&buffer[..read], b"hello");
/// let error = source.do_io_with(Interest::READABLE, |mut stream| stream.read(&mut buffer));
/// assert_eq!(error.unwrap_err().kind(), ErrorKind::WouldBlock);
/// # Ok(())
/// # }
/// # #[cfg(not(all(unix, feature = "net")))]
/// # fn main() {}
/// ```
pub struct IoSource<T> {
    // Before `inner`: the host must not be asked about a descriptor that is closed.
    registration: Option<Registration>,
    /// Directions whose next operation would only find `WouldBlock`: one bit each.
    known_blocked: AtomicU8,
    /// Directions whose last operation that counts found nothing: one bit each.
    futile: AtomicU8,
    inner: T,
}

impl<T> IoSource<T> {
    /// A source that is not registered.
    pub fn new(io: T) -> Self {
        Self {
            registration: None,
            known_blocked: AtomicU8::new(0),
            futile: AtomicU8::new(0),
            inner: io,
        }
    }

    /// Runs an operation and arms the source again if it fails.
    ///
    /// If `f` returns [`WouldBlock`](io::ErrorKind::WouldBlock) or any other error, both directions
    /// of the registration are armed, as `f` does not say which one it tried: an idle writable
    /// direction then gives one needless event. [`do_io_with`](Self::do_io_with) avoids it.
    ///
    /// # Errors
    ///
    /// Those of `f`.
    pub fn do_io<F, R>(&self, f: F) -> io::Result<R>
    where
        F: FnOnce(&T) -> io::Result<R>,
    {
        self.do_io_with(Interest::READABLE | Interest::WRITABLE, f)
    }

    /// As [`do_io`](Self::do_io), with the directions that `f` tries.
    ///
    /// # Errors
    ///
    /// Those of `f`.
    pub fn do_io_with<F, R>(&self, interest: Interest, f: F) -> io::Result<R>
    where
        F: FnOnce(&T) -> io::Result<R>,
    {
        let result = f(&self.inner);
        let outcome = match &result {
            Ok(_) => IoOutcome::Complete,
            Err(error) => IoOutcome::of_error(error),
        };
        for direction in Directions::of(interest).iter() {
            self.report(direction, outcome);
        }
        result
    }

    /// One read of a stream, where there is room for `len` bytes. For the drop-in `mio`.
    ///
    /// A read that leaves room arms the source again. The end of the stream may have been part of
    /// the event that came before it, and a program that reads no more until the next event would
    /// miss it. A read of 0 bytes is not taken for the last: a FIFO continues with its next writer.
    ///
    /// # Errors
    ///
    /// Those of `f`.
    #[doc(hidden)]
    pub fn do_read<F>(&self, len: usize, f: F) -> io::Result<usize>
    where
        F: FnOnce(&T) -> io::Result<usize>,
    {
        self.run(
            Direction::Read,
            |source| f(&source.inner),
            |result| match result {
                Ok(read) if (1..len).contains(read) => IoOutcome::Partial,
                Ok(_) => IoOutcome::Complete,
                Err(error) => IoOutcome::of_error(error),
            },
        )
    }

    /// The source itself. It is deregistered.
    pub fn into_inner(self) -> T {
        let Self {
            registration,
            inner,
            ..
        } = self;
        drop(registration);
        inner
    }

    /// One read or write of a stream, with room for `len` bytes or that many of them. Without any
    /// it succeeds at once.
    pub(crate) fn try_stream_io(
        &self,
        direction: Direction,
        len: usize,
        f: impl FnOnce(&Self) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if len == 0 {
            return Ok(0);
        }
        self.run(direction, f, |result| match result {
            Ok(moved) => IoOutcome::of_stream(*moved, len),
            Err(error) => IoOutcome::of_stream_error(error),
        })
    }

    /// One operation of one direction; `outcome` is what a success shows.
    #[cfg(feature = "net")]
    pub(crate) fn try_io<R>(
        &self,
        direction: Direction,
        f: impl FnOnce(&Self) -> io::Result<R>,
        outcome: impl FnOnce(&R) -> IoOutcome,
    ) -> io::Result<R> {
        self.run(direction, f, |result| match result {
            Ok(value) => outcome(value),
            Err(error) => IoOutcome::of_error(error),
        })
    }

    fn run<R>(
        &self,
        direction: Direction,
        f: impl FnOnce(&Self) -> io::Result<R>,
        outcome: impl FnOnce(&io::Result<R>) -> IoOutcome,
    ) -> io::Result<R> {
        if self.take_known_blocked(direction) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let result = f(self);
        self.report(direction, outcome(&result));
        result
    }

    /// Whether the last operation showed that the host has no more, and nothing was reported
    /// since. True for one call only: a program that keeps reading without polling must see what
    /// arrives meanwhile.
    fn take_known_blocked(&self, direction: Direction) -> bool {
        let bit = 1 << direction as u8;
        if !sys::Selector::CAN_SYNTHESIZE_WOULD_BLOCK
            || self.known_blocked.load(Ordering::Relaxed) & bit == 0
        {
            return false;
        }
        self.known_blocked.fetch_and(!bit, Ordering::Relaxed);
        let registration = self.registration.as_ref();
        registration.is_some_and(|registration| {
            registration
                .selector()
                .is_known_blocked(registration.key(), direction)
        })
    }

    /// Whether there was an event since the direction was last armed.
    pub(crate) fn is_silent(&self, direction: Direction) -> bool {
        let registration = self.registration.as_ref();
        registration.is_some_and(|registration| registration.is_silent(direction))
    }

    fn report(&self, direction: Direction, outcome: IoOutcome) {
        let effect = outcome.effect(direction);
        let Some(registration) = &self.registration else {
            return;
        };
        let bit = 1 << direction as u8;
        if effect.is_futile {
            self.futile.fetch_or(bit, Ordering::Relaxed);
        } else if effect.is_none() && !self.ends_futile(bit, outcome) {
            return;
        }
        let selector = registration.selector();
        selector.after_io(registration.key(), direction, outcome);
        if sys::Selector::CAN_SYNTHESIZE_WOULD_BLOCK && effect.is_known_blocked {
            self.known_blocked.fetch_or(bit, Ordering::Relaxed);
        }
    }

    /// Whether it is the first that succeeds in its direction after others that found nothing.
    fn ends_futile(&self, bit: u8, outcome: IoOutcome) -> bool {
        outcome == IoOutcome::Complete
            && self.futile.load(Ordering::Relaxed) & bit != 0
            && self.futile.fetch_and(!bit, Ordering::Relaxed) & bit != 0
    }

    /// Says who waits for the source from now on.
    #[cfg(all(target_os = "wasi", not(wasio_resources)))]
    pub(crate) fn set_waits(&self, waits: crate::portable::Waits) {
        if let Some(registration) = &self.registration {
            let selector = registration.selector();
            selector.set_waits(registration.key(), waits);
        }
    }

    /// For a source that may change what is registered of it.
    #[cfg(all(wasio_resources, feature = "net"))]
    pub(crate) fn registration(&self) -> Option<&Registration> {
        self.registration.as_ref()
    }

    /// A source that is registered with a selector.
    #[cfg(all(test, unix, not(loom)))]
    pub(crate) fn registered(io: T, registration: Registration) -> Self {
        let mut source = Self::new(io);
        source.registration = Some(registration);
        source
    }

    /// The source, and where its registration is kept.
    #[cfg(wasio_resources)]
    pub(crate) fn parts(&mut self) -> (&T, &mut Option<Registration>) {
        *self.known_blocked.get_mut() = 0;
        (&self.inner, &mut self.registration)
    }
}

impl<T> Deref for IoSource<T> {
    type Target = T;

    /// The source itself. An operation that may block, done through this, hides its
    /// outcome from wasio: use [`do_io_with`](IoSource::do_io_with).
    fn deref(&self) -> &Self::Target {
        &self.inner
    }
}

impl<T> DerefMut for IoSource<T> {
    /// The source itself. Deregister before you put another in its place: the registration is that
    /// of the old descriptor, which the replacement closes. As what is registered is a number, the
    /// worst that follows is an event too many, or none.
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.inner
    }
}

/// Makes it a source if `T` has a descriptor, by the trait that the platform has for that.
macro_rules! source_by_descriptor {
    ($has_descriptor:path, $descriptor:ident) => {
        impl<T: $has_descriptor> event::Source for IoSource<T> {
            fn register(
                &mut self,
                registry: &Registry,
                token: Token,
                interests: Interest,
            ) -> io::Result<()> {
                let selector = registration::selector_for(&self.registration, registry)?;
                let descriptor = self.inner.$descriptor();
                let key = selector.register(descriptor, token, interests, Mode::Edge)?;
                self.registration = Some(Registration::new(selector, key));
                *self.known_blocked.get_mut() = 0;
                Ok(())
            }

            fn reregister(
                &mut self,
                registry: &Registry,
                token: Token,
                interests: Interest,
            ) -> io::Result<()> {
                let registration = registration::current(&self.registration, registry)?;
                let (selector, key) = (registration.selector(), registration.key());
                selector.reregister(key, token, interests, Mode::Edge)?;
                *self.known_blocked.get_mut() = 0;
                Ok(())
            }

            fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
                registration::deregister(&mut self.registration, registry)
            }
        }
    };
}

#[cfg(any(unix, target_os = "wasi"))]
source_by_descriptor!(std::os::fd::AsRawFd, as_raw_fd);
#[cfg(windows)]
source_by_descriptor!(std::os::windows::io::AsRawSocket, as_raw_socket);

impl<T: fmt::Debug> fmt::Debug for IoSource<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

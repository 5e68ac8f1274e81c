use std::fmt;
use std::io;
use std::time::Duration;

use crate::portable::Config;
use crate::{Events, Interest, Selector, Token, event};

/// Waits for sources to become ready.
///
/// See the [guide](crate::guide) for the loop and its rules.
///
/// # Examples
///
/// A timer, the shortest source there is:
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::time::Duration;
/// use wasio::{time::Timer, Events, Interest, Poll, Token};
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// let mut timer = Timer::oneshot(Duration::from_millis(5));
/// poll.registry().register(&mut timer, Token(7), Interest::READABLE)?;
///
/// poll.poll(&mut events, None)?;
/// assert_eq!(events.iter().next().map(|event| event.token()), Some(Token(7)));
/// # Ok(())
/// # }
/// ```
///
/// # Platform behaviour
///
/// | platform | the wait | cost of a wait |
/// |---|---|---|
/// | WASI 0.1 | `poll_oneoff` | the busy sources; now and then all (see [`PollBuilder`]) |
/// | WASI 0.2 | `wasi:io/poll` | the busy sources; now and then all (see [`PollBuilder`]) |
/// | Linux, Android | epoll, edge-triggered | the ready sources |
/// | macOS, iOS, BSD | kqueue, edge-triggered | the ready sources |
/// | Windows | IOCP with AFD, one-shot and armed again | the ready sources |
pub struct Poll {
    registry: Registry,
}

impl Poll {
    /// A poll with no sources.
    ///
    /// # Errors
    ///
    /// None on WASI; natively what the operating system says (too many open files).
    pub fn new() -> io::Result<Self> {
        Self::builder().build()
    }

    /// A poll whose hot/cold policy is to be set.
    pub fn builder() -> PollBuilder {
        PollBuilder {
            config: Config::DEFAULT,
        }
    }

    /// Where sources are registered.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Waits until a source is ready, a timer fires, [`Waker::wake`](crate::Waker::wake) is
    /// called or `timeout` has passed, and replaces the content of `events` by what was found.
    ///
    /// `timeout` is measured on the monotonic clock and never ends early; it is rounded up to
    /// what the host can do. `None` waits without limit; zero does not block. A return with no
    /// events means that the timeout has passed.
    ///
    /// A signal that interrupts the wait does not end it.
    ///
    /// # Errors
    ///
    /// * [`InvalidInput`](io::ErrorKind::InvalidInput): nothing to wait for (no source, timer,
    ///   waker or timeout), or `events` has a capacity of 0.
    /// * What the host says when the wait itself failed. An error of one source is an event of
    ///   that source ([`Event::is_error`](event::Event::is_error)), not an error here.
    pub fn poll(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        self.registry.selector.select(events, timeout)
    }
}

impl fmt::Debug for Poll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poll").finish_non_exhaustive()
    }
}

/// Settings of a [`Poll`]: how the cost of a wait is kept to the busy sources.
///
/// On WASI 0.1 and 0.2 a wait costs the host work for each source it is asked about, ready or not.
/// While a few sources are busy wasio waits for those alone (they are *hot*), and looks at
/// the rest (*cold*) now and then. These two bounds say how often. Where the host's wait costs only
/// what is ready (natively), they have no effect.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::time::Duration;
/// use wasio::Poll;
///
/// let poll = Poll::builder()
///     .max_delay(Duration::from_micros(200))
///     .max_sweep_ratio(0.3)
///     .build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct PollBuilder {
    config: Config,
}

impl PollBuilder {
    /// The longest that a ready cold source waits while hot ones are busy, as far as
    /// [`max_sweep_ratio`](Self::max_sweep_ratio) allows. 1 ms unless set.
    pub fn max_delay(mut self, max_delay: Duration) -> Self {
        self.config.max_delay_ns = u64::try_from(max_delay.as_nanos()).unwrap_or(u64::MAX);
        self
    }

    /// The largest share of the time that looking at cold sources may take: a
    /// fraction, clamped to 0.01 ..= 0.9. 0.2 unless set. While looks find nothing they take half of
    /// it.
    ///
    /// If looks at all cold sources take a time `t` together, each has its turn once in
    /// `t / share`, so this bounds the delay of a cold source from below. `t` is 0.2 to 0.3 ms for a
    /// thousand in wasmtime: of those a [`max_delay`](Self::max_delay) of 200 µs is kept for less than a
    /// hundred by the usual share, and for 300 by a share of 0.5.
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to a percentage"
    )]
    pub fn max_sweep_ratio(mut self, ratio: f64) -> Self {
        let percent = (ratio * 100.0).clamp(1.0, 90.0);
        self.config.max_sweep_percent = percent as u8;
        self
    }

    /// Whether hot and cold are told apart at all. `true` unless set; `false` makes
    /// each wait a wait for everything.
    pub fn adaptive(mut self, enabled: bool) -> Self {
        self.config.enabled = enabled;
        self
    }

    /// The poll.
    ///
    /// # Errors
    ///
    /// As [`Poll::new`].
    pub fn build(self) -> io::Result<Poll> {
        let selector = Selector::with_config(self.config)?;
        Ok(Poll {
            registry: Registry { selector },
        })
    }
}

/// Registers sources with a [`Poll`].
///
/// A clone ([`try_clone`](Self::try_clone)) may be moved to another thread.
pub struct Registry {
    selector: Selector,
}

impl Registry {
    /// Registers a source and arms each direction of `interests`.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if the source is registered, and what
    /// the source says: a descriptor that is not open, for instance.
    pub fn register<S>(&self, source: &mut S, token: Token, interests: Interest) -> io::Result<()>
    where
        S: event::Source + ?Sized,
    {
        crate::trace!("register: token={token:?}, interests={interests:?}");
        source.register(self, token, interests)
    }

    /// Replaces token and interests of a source, and arms each direction of `interests`:
    /// if it is ready, there is an event, drained or not.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if the source is not registered,
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if it is with another registry.
    pub fn reregister<S>(&self, source: &mut S, token: Token, interests: Interest) -> io::Result<()>
    where
        S: event::Source + ?Sized,
    {
        crate::trace!("reregister: token={token:?}, interests={interests:?}");
        source.reregister(self, token, interests)
    }

    /// Takes a source out: no event of it is delivered afterwards. Dropping the
    /// source does the same, for all sources that wasio owns.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if the source is not registered.
    pub fn deregister<S>(&self, source: &mut S) -> io::Result<()>
    where
        S: event::Source + ?Sized,
    {
        crate::trace!("deregister");
        source.deregister(self)
    }

    /// A second handle to the same registry.
    ///
    /// # Errors
    ///
    /// None today.
    ///
    /// # Platform behaviour
    ///
    /// On `wasm32-wasip1-threads` nothing can interrupt a wait: while there is a second
    /// handle or a [`Waker`](crate::Waker), a wait with descriptors is done in slices of 1 to 10 ms.
    /// They grow to 200 ms once nothing has happened for a second, as long as there is no waker and
    /// no other thread has used its handle during a wait.
    pub fn try_clone(&self) -> io::Result<Self> {
        self.selector.try_clone().map(|selector| Self { selector })
    }

    /// The selector below, for authors of sources.
    #[must_use]
    pub fn selector(&self) -> &Selector {
        &self.selector
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Registry").finish_non_exhaustive()
    }
}

/// The descriptors of the operating system's selector, for a wait around this one: it is readable
/// when a source is ready. Timers are not seen through it.
#[cfg(unix)]
mod descriptor {
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

    use super::{Poll, Registry};

    impl AsFd for Registry {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.selector.inner().as_fd()
        }
    }

    impl AsRawFd for Registry {
        fn as_raw_fd(&self) -> RawFd {
            self.as_fd().as_raw_fd()
        }
    }

    impl AsFd for Poll {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.registry.as_fd()
        }
    }

    impl AsRawFd for Poll {
        fn as_raw_fd(&self) -> RawFd {
            self.as_fd().as_raw_fd()
        }
    }
}

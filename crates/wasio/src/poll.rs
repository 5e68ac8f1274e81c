use std::fmt;
use std::io;
use std::time::Duration;

use crate::portable::{Config, saturating_ns};
use crate::{Events, Interest, Selector, Token, event};

/// Waits until sources are ready, and reports which.
///
/// Register sources through [`registry`](Self::registry), then call [`poll`](Self::poll) in a loop.
/// The [guide](crate::guide) explains the loop and its rules.
///
/// # Examples
///
/// Waiting for a timer:
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
/// | platform | waits with | cost of a wait |
/// |---|---|---|
/// | WASI 0.1 | `poll_oneoff` | per busy source, plus sweeps: see [`PollBuilder`] |
/// | WASI 0.2 | `wasi:io/poll` | per busy source, plus sweeps: see [`PollBuilder`] |
/// | Linux, Android | epoll, edge-triggered | per ready source |
/// | macOS, iOS, BSD | kqueue, edge-triggered | per ready source |
/// | Windows | IOCP and AFD, one-shot and re-armed by wasio | per ready source |
pub struct Poll {
    registry: Registry,
}

impl Poll {
    /// Creates a `Poll` with no sources.
    ///
    /// # Errors
    ///
    /// Natively the error of the operating system, for example too many open files. On WASI it does
    /// not fail.
    pub fn new() -> io::Result<Self> {
        Self::builder().build()
    }

    /// Creates a `Poll` with settings other than the default: see [`PollBuilder`].
    pub fn builder() -> PollBuilder {
        PollBuilder {
            config: Config::DEFAULT,
        }
    }

    /// Returns the registry, which sources are registered with.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// Waits until a source is ready, a timer expires, [`Waker::wake`](crate::Waker::wake) is
    /// called or `timeout` has passed. The events replace the previous content of `events`.
    ///
    /// `None` waits without a limit, and zero does not block. The timeout is measured on the
    /// monotonic clock and rounded up to what the host supports, so the call never returns early.
    /// If it returns without events, the timeout has passed, or an event has woken a task that waits
    /// for an `Async` (feature `task`). A signal does not end the wait, unless
    /// the poll was built to be [`interruptible`](PollBuilder::interruptible).
    ///
    /// Events that do not fit into `events` are returned by one of the next calls.
    ///
    /// # Errors
    ///
    /// * [`InvalidInput`](io::ErrorKind::InvalidInput): there is nothing to wait for (no source,
    ///   timer, waker or timeout) and nothing can come, as no other thread may register something:
    ///   there are no threads, or no second [`Registry`] handle. Or the capacity of `events` is 0.
    /// * [`Interrupted`](io::ErrorKind::Interrupted): a signal, if the poll is
    ///   [`interruptible`](PollBuilder::interruptible).
    /// * The host's error if the wait itself failed. The error of one source is an event of that
    ///   source ([`Event::is_error`](event::Event::is_error)) and does not make this call fail.
    pub fn poll(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        #[cfg(feature = "task")]
        crate::task::waits_in(self.registry.selector.inner());
        self.registry.selector.select(events, timeout)
    }
}

impl fmt::Debug for Poll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Poll").finish_non_exhaustive()
    }
}

/// Builds a [`Poll`], with limits for what idle sources may cost.
///
/// On WASI 0.1 and 0.2 a wait costs the host work per source, ready or not. So while a few sources
/// are busy (*hot*), wasio waits for those only. It polls the others (*cold*) in between, without
/// blocking: that is a *sweep*. The settings decide how often a sweep is made.
///
/// # Platform behaviour
///
/// Natively a wait costs work per ready source only, and the settings have no effect.
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
    /// Sets how long a ready cold source may go unreported while hot sources are busy. The default
    /// is 1 ms.
    ///
    /// The delay may be longer where [`max_sweep_ratio`](Self::max_sweep_ratio) does not allow
    /// sweeps that often.
    pub fn max_delay(mut self, max_delay: Duration) -> Self {
        self.config.max_delay_ns = saturating_ns(max_delay);
        self
    }

    /// Sets the largest fraction of time that sweeps of cold sources may take. The default is 0.2.
    /// The value is clamped to 0.01 ..= 0.9 and rounded down to a whole percent.
    ///
    /// This also limits how soon a cold source is seen: if a sweep of all cold sources takes the
    /// time `t`, each of them is polled once per `t / ratio`. With the default, wasmtime can sweep
    /// about 100 idle sources every 200 µs. Raise the ratio to 0.5 for about 300.
    ///
    /// Today the ratio is halved while sweeps find nothing ready.
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

    /// Sets whether wasio adapts its waits to the sources that are busy. The default is `true`.
    /// With `false`, each wait is for all sources.
    pub fn adaptive(mut self, enabled: bool) -> Self {
        self.config.enabled = enabled;
        self
    }

    /// Sets whether a signal ends a wait: [`poll`](Poll::poll) then fails with
    /// [`Interrupted`](io::ErrorKind::Interrupted) once the signal's handler has returned. The
    /// default is `false`.
    ///
    /// With `true`, a poll that has nothing to wait for waits for a signal. This has an effect on
    /// Unix only.
    pub fn interruptible(mut self, enabled: bool) -> Self {
        self.config.interruptible = enabled && cfg!(unix);
        self
    }

    /// Creates the `Poll`.
    ///
    /// # Errors
    ///
    /// The same as [`Poll::new`].
    pub fn build(self) -> io::Result<Poll> {
        let selector = Selector::with_config(self.config)?;
        #[cfg(feature = "task")]
        crate::task::entered(selector.inner());
        Ok(Poll {
            registry: Registry { selector },
        })
    }
}

/// Registers sources with a [`Poll`].
///
/// To register sources from another thread, move a clone there: see [`try_clone`](Self::try_clone).
pub struct Registry {
    selector: Selector,
}

impl Registry {
    #[cfg(feature = "task")]
    pub(crate) fn of(selector: Selector) -> Self {
        Self { selector }
    }

    /// Registers a source: from now on its events are reported under `token`.
    ///
    /// # Errors
    ///
    /// * [`AlreadyExists`](io::ErrorKind::AlreadyExists): the source is already registered, with
    ///   this registry or another.
    /// * The error of the source itself, for example that its descriptor is not open.
    pub fn register<S>(&self, source: &mut S, token: Token, interests: Interest) -> io::Result<()>
    where
        S: event::Source + ?Sized,
    {
        crate::trace!("register: token={token:?}, interests={interests:?}");
        source.register(self, token, interests)
    }

    /// Replaces the token and the interests of a registered source.
    ///
    /// This also arms each direction in `interests`: if the source is ready now, it is reported
    /// (again), even if no operation has returned `WouldBlock` since its last event.
    ///
    /// # Errors
    ///
    /// * [`NotFound`](io::ErrorKind::NotFound): the source is not registered.
    /// * [`AlreadyExists`](io::ErrorKind::AlreadyExists): it is registered with another registry.
    pub fn reregister<S>(&self, source: &mut S, token: Token, interests: Interest) -> io::Result<()>
    where
        S: event::Source + ?Sized,
    {
        crate::trace!("reregister: token={token:?}, interests={interests:?}");
        source.reregister(self, token, interests)
    }

    /// Removes a source: no event of it is returned after this call.
    ///
    /// Dropping a source of wasio also deregisters it.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound): the source is not registered with this registry.
    pub fn deregister<S>(&self, source: &mut S) -> io::Result<()>
    where
        S: event::Source + ?Sized,
    {
        crate::trace!("deregister");
        source.deregister(self)
    }

    /// Creates a second handle to the same registry, which another thread may use.
    ///
    /// # Errors
    ///
    /// None today.
    ///
    /// # Platform behaviour
    ///
    /// Guaranteed: another thread may register sources while this one polls, and neither blocks the
    /// other.
    ///
    /// Today: natively such a change takes effect at once. On `wasm32-wasip1-threads` no host call
    /// can be interrupted, so while there is a second handle or a [`Waker`](crate::Waker), a wait
    /// with descriptors is split into slices of 1 to 10 ms, and the change takes effect when the
    /// current slice ends. After a second without events the slices grow to 200 ms, unless there is
    /// a waker or another thread has already used its handle during a wait.
    ///
    /// For tasks (feature `task`) a poll is gone with its [`Poll`], also if a registry is left. Who waits
    /// in the [`selector`](Self::selector) of one makes a [clone](Selector::try_clone) of that.
    pub fn try_clone(&self) -> io::Result<Self> {
        Ok(Self {
            selector: Selector::to_register(self.selector.inner().clone()),
        })
    }

    /// Returns the underlying selector, for authors of sources.
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

/// The descriptor of the operating system's selector. It lets another selector wait for this one:
/// it is readable when a source is ready. It is not readable for timers, for files (which are always
/// ready), for events that had no room in `Events`, and at the end of a pause after operations that
/// failed (see [`guide`](crate::guide)). So poll again at once if `Events` was full.
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

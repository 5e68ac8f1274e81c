//! The 0.1 selector: registrations behind a lock, and the array behind none.
//!
//! A thread that waits holds [`Wait`] (the host's array and all that belongs to a
//! wait), which nobody else uses, and the state only before and after the host's call, so that
//! registering, arming and waking go on meanwhile. What they change takes effect when the next wait
//! begins.

use std::fmt;
use std::io;
use std::ops::DerefMut;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::abi::{self, Errno, Event, Subscription};
use super::by_fd::ByFd;
use super::host::Host;
use super::lock::Lock;
use super::quirks::Sharing;
use super::usual;
use super::wait::{Turn, Wait};
use crate::io_outcome::{Arming, Effect, IoOutcome};
use crate::portable::{Config, Direction, Key, Order, Parker, Sources, Timers, WakeFlag};
use crate::sys::errors::{
    already_waiting, never_registered, nothing_to_wait_for, registered_twice, second_waker,
};
use crate::sys::{Backend, found};
use crate::{Events, Interest, Mode, RawDescriptor, Token};

/// A handle to a 0.1 selector.
pub(crate) struct Selector<H>(Arc<Shared<H>>);

pub(super) struct Shared<H> {
    pub(super) host: H,
    state: Lock<State>,
    /// Held by the thread that waits, and by no other.
    wait: Lock<Wait>,
    pub(super) wake: WakeFlag,
    pub(super) parker: Parker,
    /// Handles that may be in another thread, and the one that is not.
    handles: AtomicUsize,
    config: Config,
    id: usize,
}

type PopDue = fn(&mut Timers, u64) -> Option<Token>;

pub(super) struct State {
    pub(super) sources: Sources<u32>,
    by_fd: ByFd,
    pub(super) timers: Timers,
    /// [`Timers::pop_due`], once there was a timer: programs without any go without its code.
    pub(super) pop_due: Option<PopDue>,
    pub(super) waker: Option<Token>,
    /// Whether the last wait reported a level-triggered source that is always ready.
    pub(super) reported_always_ready: bool,
    /// Whether a thread waits. Known only where there may be another.
    is_waiting: bool,
    /// The length of the hot prefix when the last wait began.
    pub(super) hot: u32,
    /// Whether somebody used the selector while a thread waited, which only
    /// another thread can.
    used_elsewhere: bool,
}

impl<H: Host> Shared<H> {
    pub(super) fn lock(&self) -> impl DerefMut<Target = State> {
        self.state.lock()
    }

    /// Locks to change something that a waiting thread must hear of.
    fn lock_to_change(&self) -> impl DerefMut<Target = State> {
        let mut state = self.lock();
        self.tell(&mut state);
        state
    }

    /// Lets a thread that waits hear that something has changed.
    fn tell(&self, state: &mut State) {
        if H::THREADS && state.is_waiting {
            state.used_elsewhere = true;
            self.parker.unpark();
        }
    }

    /// Begins a call of `select` that goes the long way.
    pub(super) fn begin(&self, has_timeout: bool) -> io::Result<()> {
        let mut state = self.lock();
        if !has_timeout && !state.has_something_to_wait_for() {
            return Err(nothing_to_wait_for());
        }
        state.is_waiting = H::THREADS;
        Ok(())
    }

    /// Ends what [`begin`](Self::begin) began.
    pub(super) fn end(&self) {
        if H::THREADS {
            self.lock().is_waiting = false;
        }
    }

    pub(super) fn sharing(&self) -> Sharing {
        if !H::THREADS {
            return Sharing::None;
        }
        let state = self.lock();
        if state.used_elsewhere || state.waker.is_some() {
            Sharing::Certain
        } else if self.handles.load(Ordering::Relaxed) > 1 {
            Sharing::Handle
        } else {
            Sharing::Possible
        }
    }
}

impl State {
    /// Brings the host's array up to date.
    #[inline]
    pub(super) fn reconcile(&mut self, order: &mut Order<Subscription>) {
        if !self.sources.is_reconciled(order) {
            self.change(order);
        }
    }

    #[inline(never)]
    fn change(&mut self, order: &mut Order<Subscription>) {
        self.sources.reconcile(order, Subscription::descriptor);
        self.hot = u32::try_from(order.hot()).unwrap_or(u32::MAX);
    }

    fn find(&self, fd: u32) -> Option<Key> {
        self.by_fd.find(fd, &self.sources)
    }

    /// What `poll` must have at least one of to make sense without a timeout.
    fn has_something_to_wait_for(&self) -> bool {
        self.sources.len() > 0 || self.timers.len() > 0 || self.waker.is_some()
    }
}

impl<H: Host + Default> Selector<H> {
    fn with_state(config: Config, sources: Sources<u32>, timers: Timers) -> Self {
        static NEXT_ID: AtomicUsize = AtomicUsize::new(1);
        Self(Arc::new(Shared {
            host: H::default(),
            state: Lock::new(State {
                sources,
                by_fd: ByFd::new(),
                timers,
                pop_due: None,
                waker: None,
                reported_always_ready: false,
                is_waiting: false,
                hot: 0,
                used_elsewhere: false,
            }),
            wait: Lock::new(Wait::new(config)),
            wake: WakeFlag::new(),
            parker: Parker::new(),
            handles: AtomicUsize::new(0),
            config,
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
        }))
    }
}

impl<H: Host + Default> Backend for Selector<H> {
    const CAN_SYNTHESIZE_WOULD_BLOCK: bool = true;

    fn new(config: Config) -> io::Result<Self> {
        Ok(Self::with_state(config, Sources::new(), Timers::new()))
    }

    fn fork(&self) -> io::Result<Self> {
        let state = self.0.lock();
        let fork = Self::with_state(self.0.config, Sources::new(), state.timers.clone());
        let mut forked = fork.0.lock();
        for (_, source) in state.sources.iter() {
            let mode = match source.mode {
                Mode::Edge | Mode::Level => Mode::Level,
                Mode::Oneshot => Mode::Oneshot,
            };
            let fd = source.source;
            let key = forked.sources.register(
                fd,
                source.token,
                source.interest,
                mode,
                source.always_ready,
            );
            if let Some(key) = key {
                let forked = &mut *forked;
                forked.by_fd.insert(key, &forked.sources);
            }
        }
        forked.pop_due = state.pop_due;
        drop(forked);
        Ok(fork)
    }

    fn id(&self) -> usize {
        self.0.id
    }

    fn select(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let shared = &*self.0;
        let Some(mut wait) = shared.wait.try_lock() else {
            return Err(already_waiting());
        };
        if !H::THREADS && timeout.is_none() {
            return usual::select(shared, &mut wait, events);
        }
        Turn::new(shared, &mut wait, events).run(timeout)
    }

    fn register(
        &self,
        source: RawDescriptor,
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<Key> {
        let fd = u32::try_from(source).map_err(|_| Errno::BADF)?;
        // First: a host may say less clearly what is wrong with such a descriptor.
        if self.0.lock().find(fd).is_some() {
            return Err(registered_twice(source));
        }
        let always_ready = is_always_ready(&self.0.host, fd)?;
        let mut state = self.0.lock_to_change();
        let state = &mut *state;
        // Another thread may have been quicker.
        if H::THREADS && state.find(fd).is_some() {
            return Err(registered_twice(source));
        }
        let key = state
            .sources
            .register(fd, token, interest, mode, always_ready)
            .ok_or(io::ErrorKind::OutOfMemory)?;
        state.by_fd.insert(key, &state.sources);
        Ok(key)
    }

    fn reregister(&self, key: Key, token: Token, interest: Interest, mode: Mode) -> io::Result<()> {
        let mut state = self.0.lock_to_change();
        found(state.sources.reregister(key, token, interest, mode))
    }

    fn deregister(&self, key: Key) -> io::Result<()> {
        let mut state = self.0.lock_to_change();
        let state = &mut *state;
        if let Some(source) = state.sources.get(key) {
            state.by_fd.remove(source.source, &state.sources);
        }
        found(state.sources.deregister(key))
    }

    fn find(&self, source: RawDescriptor) -> io::Result<(Key, Mode)> {
        let state = self.0.lock();
        let key = u32::try_from(source).ok().and_then(|fd| state.find(fd));
        key.and_then(|key| Some((key, state.sources.get(key)?.mode)))
            .ok_or_else(|| never_registered(source))
    }

    #[inline(never)]
    fn after_io(&self, key: Key, direction: Direction, outcome: IoOutcome) {
        let shared = &*self.0;
        let mut state = shared.lock();
        let Effect { warms, arming, .. } = outcome.effect(direction);
        if arming == Arming::Disarm {
            state.sources.disarm(key, direction);
            return;
        }
        let hot = state.hot;
        let arms = arming == Arming::Arm;
        if (state.sources).after_io(key, direction, warms, arms, hot) {
            shared.tell(&mut state);
        }
    }

    fn is_armed(&self, key: Key, direction: Direction) -> bool {
        self.0.lock().sources.is_armed(key, direction)
    }

    fn now_ns(&self) -> u64 {
        self.0.host.now_ns()
    }

    fn with_timers<R>(&self, f: impl FnOnce(&mut Timers) -> R) -> io::Result<R> {
        let mut state = self.0.lock_to_change();
        state.pop_due = Some(Timers::pop_due);
        Ok(f(&mut state.timers))
    }

    fn set_waker(&self, token: Token) -> io::Result<()> {
        let mut state = self.0.lock_to_change();
        if state.waker.is_some() {
            return Err(second_waker());
        }
        self.0.wake.take();
        state.waker = Some(token);
        Ok(())
    }

    fn clear_waker(&self) {
        self.0.lock().waker = None;
    }

    fn wake(&self) -> io::Result<()> {
        self.0.wake.set();
        if H::THREADS {
            self.0.parker.unpark();
        }
        Ok(())
    }

    fn retain(&self) {
        self.0.handles.fetch_add(1, Ordering::Relaxed);
    }

    fn release(&self) {
        self.0.handles.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<H> Clone for Selector<H> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<H> fmt::Debug for Selector<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selector")
            .field("backend", &"WASI 0.1")
            .field("id", &self.0.id)
            .finish_non_exhaustive()
    }
}

/// Whether a descriptor is ready without a host's word, as far as can be told
/// without waiting. Refuses what cannot be registered.
pub(super) fn is_always_ready(host: &impl Host, fd: u32) -> io::Result<bool> {
    match host.fdstat(fd)?.filetype {
        abi::DIRECTORY => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "descriptor {fd} is a directory, and no host waits for one: register a file, socket or stream"
            ),
        )),
        abi::REGULAR_FILE => Ok(true),
        abi::UNKNOWN if fd == 0 => Ok(is_writable_now(host, fd)),
        _ => Ok(false),
    }
}

/// Tells `/dev/null` from a pipe as standard input: both are of unknown type on
/// wasi-common, and waiting to *read* the first traps the guest there. `/dev/null` and
/// files are writable at once, a pipe's read end never is.
fn is_writable_now(host: &impl Host, fd: u32) -> bool {
    let key = Key {
        index: 0,
        generation: 1,
    };
    let mut clock = Subscription::clock();
    clock.set_timeout_ns(1);
    let question = [clock, Subscription::descriptor(fd, key, Direction::Write)];
    let mut answers = [Event::ZERO; 2];
    let written = host.poll_oneoff(&question, &mut answers).unwrap_or(0);
    let ready = |event: &Event| !event.is_clock() && event.error == Errno::SUCCESS;
    answers[..written].iter().any(ready)
}

//! The 0.2 selector: registrations behind a lock, and the array behind none.
//!
//! The target has no threads: the lock only sees to it that nothing is borrowed twice.

use std::cell::RefMut;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use wasip2::clocks::monotonic_clock;

use super::descriptors::{ByDescriptor, WAYS, Ways};
use super::raw::{self, Asked, DropApart, Lock};
use super::target::{Handle, Target};
use super::wait::{self, OWN, Own, Turn, Wait};
use crate::io_outcome::{Arming, Effect, IoOutcome};
use crate::portable::{Config, Direction, Key, Sources, Timers, WakeFlag};
use crate::sys::errors::{never_registered, nothing_to_wait_for, registered_twice, second_waker};
use crate::sys::{Backend, found};
use crate::{Events, Interest, Mode, RawDescriptor, Token};

/// A handle to a 0.2 selector.
pub(crate) struct Selector(DropApart<Arc<Shared>>);

impl Clone for Selector {
    fn clone(&self) -> Self {
        Self(DropApart::new(Arc::clone(&self.0)))
    }
}

pub(super) struct Shared {
    state: Lock<State>,
    pub(super) wake: WakeFlag,
}

type PopDue = fn(&mut Timers, u64) -> Option<Token>;

pub(super) struct State {
    pub(super) sources: Sources<Target>,
    by_descriptor: ByDescriptor,
    /// Whether descriptors stand in the array: where there are no pollables.
    descriptors_in_array: bool,
    /// What is done for descriptors, once there was one.
    pub(super) ways: Option<&'static Ways>,
    pub(super) timers: Timers,
    /// [`Timers::pop_due`], once there was a timer: programs without any go without its code.
    pub(super) pop_due: Option<PopDue>,
    /// What is done for the waker and the timers, once there was one.
    pub(super) own: Option<&'static Own>,
    pub(super) waker: Option<Token>,
    /// `None` while somebody waits with it.
    wait: Option<Box<Wait>>,
    /// The length of the hot prefix when the last wait began.
    pub(super) hot: u32,
}

/// The selectors that may name pollables of sources that are registered elsewhere.
static FORKS: Lock<Vec<Weak<Shared>>> = Lock::new(Vec::new());
static ANY_FORKS: AtomicBool = AtomicBool::new(false);

/// Takes a pollable that is about to go out of every fork.
pub(super) fn forget_in_forks(handle: Handle) {
    if ANY_FORKS.load(Ordering::Relaxed) {
        forget_in_all(handle);
    }
}

#[cold]
#[inline(never)]
fn forget_in_all(handle: Handle) {
    let mut forks = FORKS.lock();
    forks.retain(|fork| {
        let Some(shared) = fork.upgrade() else {
            return false;
        };
        shared.lock().forget(handle);
        true
    });
    ANY_FORKS.store(!forks.is_empty(), Ordering::Relaxed);
}

/// The host's monotonic clock.
pub(super) fn now_ns() -> u64 {
    monotonic_clock::now()
}

impl Shared {
    pub(super) fn lock(&self) -> RefMut<'_, State> {
        self.state.lock()
    }
}

impl State {
    /// What `poll` must have at least one of to make sense without a timeout.
    fn has_something_to_wait_for(&self) -> bool {
        self.sources.len() > 0 || self.timers.len() > 0 || self.waker.is_some()
    }

    /// Descriptors that are alone stand in the array, hot and cold as pollables do, and libc is
    /// asked about parts of it. Beside pollables they stand outside: the host must be handed those
    /// in one piece. Returns whether they stand in it.
    pub(super) fn place_descriptors(&mut self) -> bool {
        let alone = self.by_descriptor.len() == self.sources.len();
        if alone != self.descriptors_in_array {
            self.descriptors_in_array = alone;
            for key in self.by_descriptor.keys() {
                self.sources.set_always_ready(key, !alone);
            }
        }
        alone && !self.by_descriptor.is_empty()
    }

    /// Forgets the number of a descriptor, if that is what is registered.
    pub(super) fn forget_descriptor(&mut self, key: Key) {
        if let Some(source) = self.sources.get(key)
            && let Target::Descriptor(descriptor) = source.source
        {
            self.by_descriptor.remove(descriptor);
        }
    }

    fn forget(&mut self, handle: Handle) {
        let keys: Vec<Key> = (self.sources.iter())
            .filter(|(_, source)| source.source.names(handle))
            .map(|(key, _)| key)
            .collect();
        for key in keys {
            self.sources.deregister(key);
        }
    }
}

impl Selector {
    fn with_config(config: Config) -> Self {
        Self(DropApart::new(Arc::new(Shared {
            state: Lock::new(State {
                sources: Sources::new(),
                by_descriptor: ByDescriptor::default(),
                descriptors_in_array: true,
                ways: None,
                timers: Timers::new(),
                pop_due: None,
                own: None,
                waker: None,
                wait: Some(Box::new(Wait::new(config))),
                hot: 0,
            }),
            wake: WakeFlag::new(),
        })))
    }

    /// Registers a source that is made of pollables, and arms it.
    pub(crate) fn register_pollables(
        &self,
        target: Target,
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<Key> {
        debug_assert!(
            matches!(target, Target::Pollables(_)),
            "a descriptor is known by its number too: `register`"
        );
        let key = self
            .0
            .lock()
            .sources
            .register(target, token, interest, mode, false);
        key.ok_or_else(|| io::ErrorKind::OutOfMemory.into())
    }

    /// Removes a registration; `false` if it is gone. The handle may go right after this: the array
    /// is brought up to date before the host is handed it again.
    #[inline(never)]
    fn remove(&self, key: Key) -> bool {
        let mut state = self.0.lock();
        if let Some(ways) = state.ways {
            (ways.forget)(&mut state, key);
        }
        state.sources.deregister(key)
    }

    /// What a registration is interested in.
    #[cfg(feature = "net")]
    pub(crate) fn interest(&self, key: Key) -> Option<Interest> {
        Some(self.0.lock().sources.get(key)?.interest)
    }

    /// Says that a source is made of other pollables from now on. What was armed stays so.
    pub(crate) fn replace_target(&self, key: Key, target: Target) {
        let state = &mut *self.0.lock();
        // Nobody waits with it: there are no threads, and this is no call that waits.
        if let Some(wait) = &mut state.wait {
            (state.sources).set_source(key, target, &mut wait.order, wait::handle);
        }
    }
}

impl Backend for Selector {
    /// wasmtime goes on calling a stream ready that gave less than was asked for, until a read of
    /// it finds nothing. That read is cheaper than the wait that would end at once.
    const CAN_SYNTHESIZE_WOULD_BLOCK: bool = false;

    fn new(config: Config) -> io::Result<Self> {
        Ok(Self::with_config(config))
    }

    fn fork(&self) -> io::Result<Self> {
        let state = self.0.lock();
        // Somebody would wait with it only during a wait.
        let config = state.wait.as_ref().map(|wait| wait.config());
        let fork = Self::with_config(config.unwrap_or_default());
        let mut forked = fork.0.lock();
        forked.timers = state.timers.clone();
        forked.descriptors_in_array = state.descriptors_in_array;
        forked.ways = state.ways;
        forked.pop_due = state.pop_due;
        forked.own = state.own;
        for (_, source) in state.sources.iter() {
            let mode = match source.mode {
                Mode::Edge | Mode::Level => Mode::Level,
                Mode::Oneshot => Mode::Oneshot,
            };
            let key = forked.sources.register(
                source.source,
                source.token,
                source.interest,
                mode,
                source.always_ready,
            );
            if let (Some(key), Target::Descriptor(descriptor)) = (key, source.source) {
                forked.by_descriptor.insert(descriptor, key);
            }
        }
        drop(forked);
        let mut forks = FORKS.lock();
        forks.push(Arc::downgrade(&fork.0));
        ANY_FORKS.store(true, Ordering::Relaxed);
        drop(forks);
        Ok(fork)
    }

    fn id(&self) -> usize {
        // Whoever asks holds a handle: no other selector comes to be at its place meanwhile.
        Arc::as_ptr(&self.0).addr()
    }

    fn select(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let mut wait = {
            let mut state = self.0.lock();
            if timeout.is_none() && !state.has_something_to_wait_for() {
                return Err(nothing_to_wait_for());
            }
            // There are no threads to wait with it: who has it is in this call already.
            state.wait.take().ok_or(io::ErrorKind::ResourceBusy)?
        };
        Turn::new(&self.0, &mut wait, events, timeout).run();
        self.0.lock().wait = Some(wait);
        Ok(())
    }

    fn register(
        &self,
        source: RawDescriptor,
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<Key> {
        check_open(source)?;
        let mut state = self.0.lock();
        if state.by_descriptor.get(source).is_some() {
            return Err(registered_twice(source));
        }
        state.ways = Some(&WAYS);
        let target = Target::Descriptor(source);
        let is_outside = !state.descriptors_in_array;
        let key = (state.sources).register(target, token, interest, mode, is_outside);
        let key = key.ok_or(io::ErrorKind::OutOfMemory)?;
        state.by_descriptor.insert(source, key);
        Ok(key)
    }

    fn reregister(&self, key: Key, token: Token, interest: Interest, mode: Mode) -> io::Result<()> {
        let mut state = self.0.lock();
        found(state.sources.reregister(key, token, interest, mode))
    }

    fn deregister(&self, key: Key) -> io::Result<()> {
        found(self.remove(key))
    }

    fn find(&self, source: RawDescriptor) -> io::Result<(Key, Mode)> {
        let state = self.0.lock();
        let key = state.by_descriptor.get(source);
        key.and_then(|key| Some((key, state.sources.get(key)?.mode)))
            .ok_or_else(|| never_registered(source))
    }

    #[inline(never)]
    fn after_io(&self, key: Key, direction: Direction, outcome: IoOutcome) {
        let mut state = self.0.lock();
        let Effect { warms, arming, .. } = outcome.effect(direction);
        if arming == Arming::Disarm {
            state.sources.disarm(key, direction);
            return;
        }
        let hot = state.hot;
        (state.sources).after_io(key, direction, warms, arming == Arming::Arm, hot);
    }

    fn is_armed(&self, key: Key, direction: Direction) -> bool {
        self.0.lock().sources.is_armed(key, direction)
    }

    fn now_ns(&self) -> u64 {
        now_ns()
    }

    fn with_timers<R>(&self, f: impl FnOnce(&mut Timers) -> R) -> io::Result<R> {
        let mut state = self.0.lock();
        state.pop_due = Some(Timers::pop_due);
        state.own = Some(&OWN);
        Ok(f(&mut state.timers))
    }

    fn set_waker(&self, token: Token) -> io::Result<()> {
        let mut state = self.0.lock();
        if state.waker.is_some() {
            return Err(second_waker());
        }
        self.0.wake.take();
        state.waker = Some(token);
        state.own = Some(&OWN);
        Ok(())
    }

    fn clear_waker(&self) {
        self.0.lock().waker = None;
    }

    fn wake(&self) -> io::Result<()> {
        self.0.wake.set();
        Ok(())
    }

    /// There are no other threads here.
    fn retain(&self) {}

    fn release(&self) {}
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selector")
            .field("backend", &"WASI 0.2")
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

/// Refuses a descriptor that libc does not know.
fn check_open(descriptor: RawDescriptor) -> io::Result<()> {
    let mut asked = [Asked {
        descriptor,
        wanted: 0,
        found: 0,
    }];
    raw::poll_descriptors(&mut asked, 0)?;
    if descriptor < 0 || asked[0].found & Asked::NOT_OPEN != 0 {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("descriptor {descriptor} is not open"),
        ));
    }
    Ok(())
}

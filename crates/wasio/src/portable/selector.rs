//! The selector, once for every backend.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::select::SelectCall;
use super::{
    Backend, Config, Direction, Directions, Expiry, Key, Registration, Shared, Source, State,
    Timers, Until, Waits,
};
use crate::errors::{
    already_waiting, never_registered, not_registered, second_waker, static_error,
};
use crate::io_outcome::{Arming, IoOutcome};
use crate::lock::Guard;
use crate::{Events, Interest, Mode, RawDescriptor, Token};

/// A handle to a selector; clones are handles to the same one.
///
/// * `select` merges the events of one source, does not return the event of a registration that is
///   gone, and holds no lock that another thread needs while the host waits.
/// * A registration in [`Mode::Edge`] is not reported again for what it was reported for until
///   [`after_io`](Self::after_io) arms it, or it is reregistered.
/// * Every method may be called while another thread is in `select`.
pub(crate) struct Selector<B: Backend>(Arc<Shared<B>>);

impl<B: Backend> Selector<B> {
    /// As [`Backend::CAN_SYNTHESIZE_WOULD_BLOCK`].
    pub(crate) const CAN_SYNTHESIZE_WOULD_BLOCK: bool = B::CAN_SYNTHESIZE_WOULD_BLOCK;

    /// A selector with no registrations.
    pub(crate) fn new(config: Config) -> io::Result<Self> {
        let (backend, wait) = B::new(config)?;
        Ok(Self::with_backend(backend, wait, config))
    }

    pub(crate) fn with_backend(backend: B, wait: B::Wait, config: Config) -> Self {
        Self(Arc::new(Shared::new(backend, wait, config)))
    }

    /// An independent selector that starts with the same registrations and timers.
    pub(crate) fn fork(&self) -> io::Result<Self> {
        let fork = Self(Arc::new(self.0.fork()?));
        B::forked(&fork.0);
        Ok(fork)
    }

    pub(crate) fn shared(&self) -> &Shared<B> {
        &self.0
    }

    /// Tells selectors apart; never zero.
    pub(crate) fn id(&self) -> usize {
        // The caller holds a handle, so no other selector can have this address meanwhile.
        Arc::as_ptr(&self.0).addr()
    }

    /// Waits. `events` is empty and has room for one event at least.
    pub(crate) fn select(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let shared = &*self.0;
        let mut waiting = shared.waiting.try_lock().ok_or_else(already_waiting)?;
        let deadline = Until::after(timeout, || shared.backend.now_ns());
        let result = SelectCall {
            shared,
            waiting: &mut waiting,
            events,
            deadline,
            round: 0,
            is_short: false,
            holds_back: false,
        }
        .run();
        if result.is_err() {
            shared.lock().waits_until = None;
        }
        result
    }

    /// Registers a descriptor and arms it. `AlreadyExists` if it is registered.
    pub(crate) fn register(
        &self,
        descriptor: RawDescriptor,
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<Key> {
        let shared = &*self.0;
        let mut state = shared.lock();
        // First: a host may say less clearly what is wrong with such a descriptor.
        shared.check_unregistered(&mut state, descriptor)?;
        let (source, waits) = shared.backend.source(&mut state, descriptor)?;
        let key = shared.insert(&mut state, source, token, interest, mode, waits)?;
        state.registrations.enter_descriptor(descriptor, key);
        let due = Shared::due_of(&state, key);
        shared.unlock(state, due)?;
        Ok(key)
    }

    /// Registers a source that is no descriptor, and arms it.
    pub(crate) fn register_source(
        &self,
        source: B::Source,
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<Key> {
        let shared = &*self.0;
        let mut state = shared.lock();
        let key = shared.insert(&mut state, source, token, interest, mode, Waits::Host)?;
        shared.unlock(state, Until::Never)?;
        Ok(key)
    }

    /// Says that a source is made of something else from now on. What was armed stays so. Not
    /// inlined: in place in its callers it makes a program 0.2 kB larger.
    #[inline(never)]
    pub(crate) fn set_source(&self, key: Key, source: B::Source) {
        if let Some(mut changed) = self.0.lock().registrations.get_mut(key) {
            changed.set_source(source);
        }
    }

    /// What a registration is interested in.
    pub(crate) fn interest(&self, key: Key) -> Option<Interest> {
        let state = self.0.lock();
        state.registrations.get(key).map(|one| one.interest)
    }

    /// Replaces what was registered, and arms. `NotFound` if `key` is stale.
    pub(crate) fn reregister(
        &self,
        key: Key,
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<()> {
        let shared = &*self.0;
        let mut state = shared.lock();
        let State {
            registrations,
            locked,
            ..
        } = &mut *state;
        let old = registrations.get(key).ok_or_else(not_registered)?.mode;
        registrations.reregister(key, token, interest, mode, |slot| B::refresh(locked, slot));
        shared.backend.reregister(&mut state, key, old)?;
        let due = Shared::due_of(&state, key);
        shared.unlock(state, due)
    }

    /// Removes a registration. `NotFound` if `key` is stale.
    pub(crate) fn deregister(&self, key: Key) -> io::Result<()> {
        ok_or_not_registered(self.remove(key)?)
    }

    /// The same, and returns whether there was one.
    pub(crate) fn remove(&self, key: Key) -> io::Result<bool> {
        let shared = &*self.0;
        let mut state = shared.lock();
        let Some((source, waits)) = state.registrations.deregister(key) else {
            return Ok(false);
        };
        shared.backend.deregister(source, waits);
        shared.unlock(state, Until::Never)?;
        Ok(true)
    }

    /// The registration of a descriptor and its mode; `NotFound` if there is none.
    pub(crate) fn find(&self, descriptor: RawDescriptor) -> io::Result<(Key, Mode)> {
        let state = self.0.lock();
        let key = state.registrations.find(descriptor);
        key.and_then(|key| Some((key, state.registrations.get(key)?.mode)))
            .ok_or_else(|| never_registered(descriptor))
    }

    /// Carries out the [effect](IoOutcome::effect) of an operation on an edge-triggered registration.
    #[inline(never)]
    pub(crate) fn after_io(&self, key: Key, direction: Direction, outcome: IoOutcome) {
        let effect = outcome.effect(direction);
        let shared = &*self.0;
        let mut state = shared.lock();
        let State {
            registrations,
            locked,
            ..
        } = &mut *state;
        let Some(mut changed) = registrations.get_mut(key) else {
            return;
        };
        let mut arming = effect.arming;
        if !effect.is_futile {
            changed.registration.futile.end_row(direction);
            let is_over = changed.registration.futile.resume(direction);
            if is_over && arming == Arming::Unchanged {
                arming = Arming::Arm;
            }
        } else if changed.registration.futile.is_paused(direction) {
            return;
        } else if shared.is_after_event(changed.registration, direction, outcome)
            && let Some(pause_ns) = changed.registration.futile.count(direction)
        {
            return shared.pause(state, key, direction, pause_ns);
        }
        if effect.warms && B::warm(locked, changed.slot(direction)) {
            changed.touch();
        }
        match arming {
            Arming::Unchanged => {}
            Arming::Disarm => changed.disarm(Directions::one(direction)),
            Arming::Arm if changed.arm(direction) => {
                shared.backend.rearmed(registrations, key);
                let due = Shared::due_of(&state, key);
                // The next operation meets the error, and can return it.
                let _ = shared.unlock(state, due);
                return;
            }
            Arming::Arm => {}
        }
        shared.backend.after_io(&state, key, direction, outcome);
    }

    /// Whether a direction is waited for: no event of it since it was armed.
    pub(crate) fn is_armed(&self, key: Key, direction: Direction) -> bool {
        self.0.lock().registrations.is_armed(key, direction)
    }

    /// Whether there was an event of a direction, and nothing has armed it since or will by itself.
    pub(crate) fn is_silent(&self, key: Key, direction: Direction) -> bool {
        self.0.lock().registrations.is_silent(key, direction)
    }

    /// The selector's monotonic clock.
    pub(crate) fn now_ns(&self) -> u64 {
        self.0.backend.now_ns()
    }

    /// Calls `f` on the timers, and lets a thread that waits know of an earlier deadline.
    fn with_timers<R>(&self, f: impl FnOnce(&mut Timers) -> R) -> io::Result<R> {
        let mut state = self.0.lock();
        state.pop_due = Some(Timers::pop_due);
        let result = f(&mut state.timers);
        let due = state
            .timers
            .next_deadline_ns()
            .map_or(Until::Never, Until::At);
        self.0.unlock(state, due)?;
        Ok(result)
    }

    pub(crate) fn register_timer(&self, token: Token, expiry: Option<Expiry>) -> io::Result<Key> {
        let key = self.with_timers(|timers| timers.register(token, expiry))?;
        let full = "there are 2^31 timers: drop some";
        key.ok_or_else(|| static_error(io::ErrorKind::OutOfMemory, full))
    }

    /// `NotFound` if `key` is stale, here and below.
    pub(crate) fn reregister_timer(&self, key: Key, token: Token) -> io::Result<()> {
        ok_or_not_registered(self.with_timers(|timers| timers.reregister(key, token))?)
    }

    pub(crate) fn deregister_timer(&self, key: Key) -> io::Result<()> {
        ok_or_not_registered(self.with_timers(|timers| timers.deregister(key))?)
    }

    pub(crate) fn set_timer(&self, key: Key, expiry: Option<Expiry>) -> io::Result<()> {
        ok_or_not_registered(self.with_timers(|timers| timers.set(key, expiry))?)
    }

    pub(crate) fn take_expirations(&self, key: Key) -> io::Result<u64> {
        let mut state = self.0.lock();
        state
            .timers
            .take_expirations(key)
            .ok_or_else(not_registered)
    }

    /// Installs the waker's token. `AlreadyExists` while there is a waker.
    pub(crate) fn set_waker(&self, token: Token) -> io::Result<()> {
        let mut state = self.0.lock();
        if state.waker.is_some() {
            return Err(second_waker());
        }
        self.0.wake.take();
        state.waker = Some(token);
        self.0.unlock(state, Until::Never)
    }

    pub(crate) fn clear_waker(&self) {
        self.0.lock().waker = None;
    }

    /// Makes the current `select`, or else the next, return the waker's event.
    pub(crate) fn wake(&self) -> io::Result<()> {
        // The flag first: a wait that `notify` ends reads it afterwards.
        self.0.wake.set();
        self.0.backend.notify()
    }

    /// One more handle, or one less, that another thread may hold.
    pub(crate) fn retain(&self) {
        self.0.handles.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn release(&self) {
        let shared = &*self.0;
        shared.handles.fetch_sub(1, Ordering::Relaxed);
        if !B::THREADS {
            return;
        }
        let state = shared.lock();
        let hangs = state.waits_until == Some(Until::Never) && shared.can_only_hang(&state);
        drop(state);
        if hangs {
            // An error would leave the other thread where it is, as without this call.
            let _ = shared.backend.changed_during_wait(true);
        }
    }
}

impl<B: Backend> Shared<B> {
    /// Whether an operation that found nothing makes the event before it a futile one. Where the host
    /// keeps the edges, that is only so if the source is to be reported again without a new one.
    fn is_after_event(
        &self,
        registration: &Registration<B::Source, B::Slot>,
        direction: Direction,
        outcome: IoOutcome,
    ) -> bool {
        let waits = registration.waits;
        let is_reported = if self.backend.keeps_edges(waits) {
            outcome == IoOutcome::Failed
        } else {
            !registration.armed.contains(direction)
        };
        let is_wanted = Directions::of(registration.interest).contains(direction);
        is_reported && is_wanted && registration.mode == Mode::Edge && !waits.is_always_ready()
    }

    /// Arms a direction later.
    #[cold]
    fn pause(&self, mut state: Guard<'_, State<B>>, key: Key, direction: Direction, pause_ns: u64) {
        let until_ns = self.backend.now_ns().saturating_add(pause_ns);
        state.pauses.add(key, direction, until_ns);
        // An error would leave another thread in its wait; the source stays silent no longer than that.
        let _ = self.unlock(state, Until::At(until_ns));
    }

    fn fork(&self) -> io::Result<Self> {
        let (backend, wait) = self.backend.fork(self.config)?;
        let state = self.lock();
        let fork = Self::new(backend, wait, self.config);
        let mut forked = fork.lock();
        forked.timers = state.timers.clone();
        forked.pop_due = state.pop_due;
        forked.locked = B::fork_locked(&state.locked);
        for (_, one) in state.registrations.iter() {
            let mode = match one.mode {
                Mode::Edge | Mode::Level => Mode::Level,
                Mode::Oneshot => Mode::Oneshot,
            };
            let result = fork.insert(
                &mut forked,
                one.source,
                one.token,
                one.interest,
                mode,
                one.waits,
            );
            match (result, one.source.descriptor()) {
                (Ok(key), Some(fd)) => forked.registrations.enter_descriptor(fd, key),
                (Err(error), _) if is_shortage(&error) => return Err(error),
                // The descriptor was closed while it was registered: it is never reported again.
                (Err(_) | Ok(_), _) => {}
            }
        }
        drop(forked);
        Ok(fork)
    }
}

/// Whether an error is about the system, and not about one source.
fn is_shortage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::OutOfMemory | io::ErrorKind::StorageFull
    )
}

impl<B: Backend> Clone for Selector<B> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<B: Backend> fmt::Debug for Selector<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selector")
            .field("backend", &B::NAME)
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}

fn ok_or_not_registered(is_registered: bool) -> io::Result<()> {
    if is_registered {
        Ok(())
    } else {
        Err(not_registered())
    }
}

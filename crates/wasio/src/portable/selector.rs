//! The selector, once for every backend.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[cfg(feature = "task")]
use super::Waiters;
use super::select::SelectCall;
use super::{Backend, Config, Direction, Directions, Key, Notify, Shared, State, Until, Waits};
use crate::errors::{already_waiting, never_registered, not_registered, second_waker};
use crate::io_outcome::{Arming, IoOutcome};
use crate::{Events, Interest, Mode, RawDescriptor, Token};

/// A handle to a selector; clones are handles to the same one.
///
/// * `select` merges the events of one source, does not return the event of a registration that is
///   gone, and holds no lock that another thread needs while the host waits.
/// * A registration in [`Mode::Edge`] is not reported again for what it was reported for until
///   [`after_io`](Self::after_io) arms it, or it is reregistered.
/// * Every method may be called while another thread is in `select`.
pub(crate) struct Selector<B: Backend> {
    pub(super) shared: Arc<Shared<B>>,
    /// What is registered through this handle wakes these, instead of being reported.
    #[cfg(feature = "task")]
    pub(super) waiters: Option<Arc<Waiters>>,
}

impl<B: Backend> Selector<B> {
    /// As [`Backend::CAN_SYNTHESIZE_WOULD_BLOCK`].
    pub(crate) const CAN_SYNTHESIZE_WOULD_BLOCK: bool = B::CAN_SYNTHESIZE_WOULD_BLOCK;

    /// A selector with no registrations.
    pub(crate) fn new(config: Config) -> io::Result<Self> {
        let (backend, wait) = B::new(config)?;
        Ok(Self::with_backend(backend, wait, config))
    }

    pub(crate) fn with_backend(backend: B, wait: B::Wait, config: Config) -> Self {
        Self::of(Arc::new(Shared::new(backend, wait, config)))
    }

    pub(super) fn of(shared: Arc<Shared<B>>) -> Self {
        Self {
            shared,
            #[cfg(feature = "task")]
            waiters: None,
        }
    }

    /// What an event does that is registered under `token` through this handle.
    pub(super) fn notify(&self, token: Token) -> Notify {
        #[cfg(feature = "task")]
        if let Some(waiters) = &self.waiters {
            return Notify::Tasks(Arc::clone(waiters));
        }
        Notify::Token(token)
    }

    /// The mode that is registered for `mode`. Those that wait for a level arm the source each time.
    fn mode(&self, mode: Mode) -> Mode {
        #[cfg(feature = "task")]
        if self.waiters.is_some() && mode == Mode::Level {
            return Mode::Oneshot;
        }
        mode
    }

    pub(crate) fn shared(&self) -> &Shared<B> {
        &self.shared
    }

    /// Tells selectors apart; never zero.
    pub(crate) fn id(&self) -> usize {
        // The caller holds a handle, so no other selector can have this address meanwhile.
        Arc::as_ptr(&self.shared).addr()
    }

    /// Waits. `events` is empty and has room for one event at least.
    pub(crate) fn select(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        let shared = &*self.shared;
        let mut waiting = shared.waiting.try_lock().ok_or_else(already_waiting)?;
        let deadline = Until::after(timeout, || shared.backend.now_ns());
        let mut call = SelectCall {
            shared,
            waiting: &mut waiting,
            events,
            deadline,
            round: 0,
            is_short: false,
            holds_back: false,
        };
        let result = call.run();
        #[cfg(feature = "task")]
        call.wake_tasks();
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
        let shared = &*self.shared;
        let mut state = shared.lock();
        // First: a host may say less clearly what is wrong with such a descriptor.
        shared.check_unregistered(&mut state, descriptor)?;
        let (source, waits) = shared.backend.source(&mut state, descriptor)?;
        let (notify, mode) = (self.notify(token), self.mode(mode));
        let key = shared.insert(&mut state, source, notify, interest, mode, waits)?;
        state.registrations.enter_descriptor(descriptor, key);
        #[cfg(feature = "task")]
        self.registered(key, mode);
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
        let shared = &*self.shared;
        let mut state = shared.lock();
        let (notify, mode) = (self.notify(token), self.mode(mode));
        let key = shared.insert(&mut state, source, notify, interest, mode, Waits::Host)?;
        #[cfg(feature = "task")]
        self.registered(key, mode);
        shared.unlock(state, Until::Never)?;
        Ok(key)
    }

    /// Says that a source is made of something else from now on. What was armed stays so. Not
    /// inlined: in place in its callers it makes a program 0.2 kB larger.
    #[inline(never)]
    pub(crate) fn set_source(&self, key: Key, source: B::Source) {
        if let Some(mut changed) = self.shared.lock().registrations.get_mut(key) {
            changed.set_source(source);
        }
    }

    /// Says who waits for a source from now on, unless the host has refused it.
    #[cfg(all(target_os = "wasi", not(wasio_resources)))]
    pub(crate) fn set_waits(&self, key: Key, waits: Waits) {
        let mut state = self.shared.lock();
        let Some(mut changed) = state.registrations.get_mut(key) else {
            return;
        };
        if [waits, Waits::Refused].contains(&changed.registration.waits) {
            return;
        }
        changed.set_waits(waits);
        let due = Shared::due_of(&state, key);
        // An error would leave another thread in its wait, which ends by itself.
        let _ = self.shared.unlock(state, due);
    }

    /// What a registration is interested in.
    pub(crate) fn interest(&self, key: Key) -> Option<Interest> {
        let state = self.shared.lock();
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
        let shared = &*self.shared;
        let mut state = shared.lock();
        let State {
            registrations,
            locked,
            ..
        } = &mut *state;
        let old = registrations.get(key).ok_or_else(not_registered)?.mode;
        let (notify, mode) = (self.notify(token), self.mode(mode));
        registrations.reregister(key, notify, interest, mode, |slot| B::refresh(locked, slot));
        shared.backend.reregister(&mut state, key, old)?;
        let due = Shared::due_of(&state, key);
        shared.unlock(state, due)
    }

    /// Removes a registration. `NotFound` if `key` is stale.
    pub(crate) fn deregister(&self, key: Key) -> io::Result<()> {
        ok_or_not_registered(self.remove(key)?)
    }

    /// Removes the registration of a source that is dropped.
    pub(crate) fn drop_registration(&self, key: Key) {
        let _ = self.remove(key);
        self.shared.end_if_hanging();
    }

    /// As [`deregister`](Self::deregister), and returns whether there was one.
    fn remove(&self, key: Key) -> io::Result<bool> {
        let shared = &*self.shared;
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
        let state = self.shared.lock();
        let key = state.registrations.find(descriptor);
        key.and_then(|key| Some((key, state.registrations.get(key)?.mode)))
            .ok_or_else(|| never_registered(descriptor))
    }

    /// Carries out the [effect](IoOutcome::effect) of an operation on an edge-triggered registration.
    #[inline(never)]
    pub(crate) fn after_io(&self, key: Key, direction: Direction, outcome: IoOutcome) {
        let (effect, shared) = (outcome.effect(direction), &*self.shared);
        let mut state = shared.lock();
        let State {
            registrations,
            locked,
            doubt,
            ..
        } = &mut *state;
        let changed = registrations.get_mut(key);
        // `Selector::reregister_with` may have given it another mode, which operations do not affect.
        let Some(mut changed) = changed.filter(|one| one.registration.mode == Mode::Edge) else {
            return;
        };
        #[cfg(feature = "task")]
        if let Some(waiters) = &self.waiters
            && effect.arming == Arming::Arm
        {
            waiters.clear(direction);
        }
        let (mut arming, mut noted) = (effect.arming, outcome);
        if !effect.is_futile {
            doubt.served();
            changed.registration.futile.end_row(direction);
            let is_over = changed.registration.futile.resume(direction);
            if is_over && arming == Arming::Unchanged {
                // There may be more, as at the end of the pause, and the host may keep the edges.
                (arming, noted) = (Arming::Arm, IoOutcome::Failed);
            }
        } else if changed.registration.futile.is_paused(direction) {
            return;
        } else if !doubt.is_real()
            && shared.is_after_event(changed.registration, direction, outcome)
            && let Some(pause_ns) = changed.registration.futile.count(direction)
        {
            return shared.pause(state, key, direction, pause_ns);
        }
        if effect.warms && B::warm(locked, changed.slot(direction)) {
            changed.touch();
        }
        match arming {
            Arming::Disarm => changed.disarm(Directions::one(direction)),
            Arming::Arm if changed.arm(direction) => {
                shared.backend.rearmed(registrations, key);
                let due = Shared::due_of(&state, key);
                // The next operation meets the error, and can return it.
                return drop(shared.unlock(state, due));
            }
            Arming::Arm | Arming::Unchanged => {}
        }
        shared.backend.after_io(&state, key, direction, noted);
        #[cfg(feature = "task")]
        if let Some(waiters) = &self.waiters
            && effect.arming == Arming::Disarm
        {
            drop(state);
            // The end of a stream stays ready, and no event says so again.
            waiters.set_ready(direction);
        }
    }

    /// Whether what an operation has shown still holds: that the next one would block.
    pub(crate) fn is_known_blocked(&self, key: Key, direction: Direction) -> bool {
        let state = self.shared.lock();
        let one = state.registrations.get(key);
        one.is_some_and(|one| one.armed.contains(direction) && B::can_synthesize(&one.source))
    }

    /// Whether a direction is waited for: no event of it since it was armed.
    #[cfg(test)]
    pub(crate) fn is_armed(&self, key: Key, direction: Direction) -> bool {
        self.shared.lock().registrations.is_armed(key, direction)
    }

    /// Whether there was an event of a direction, and nothing has armed it since or will by itself.
    pub(crate) fn is_silent(&self, key: Key, direction: Direction) -> bool {
        self.shared.lock().registrations.is_silent(key, direction)
    }

    /// The selector's monotonic clock.
    pub(crate) fn now_ns(&self) -> u64 {
        self.shared.backend.now_ns()
    }

    /// Installs the waker's token. `AlreadyExists` while there is a waker.
    pub(crate) fn set_waker(&self, token: Token) -> io::Result<()> {
        let mut state = self.shared.lock();
        if state.waker.is_some() {
            return Err(second_waker());
        }
        self.shared.wake.take();
        state.waker = Some(token);
        self.shared.unlock(state, Until::Never)
    }

    pub(crate) fn clear_waker(&self) {
        self.shared.lock().waker = None;
    }

    /// Makes the current `select`, or else the next, return the waker's event.
    pub(crate) fn wake(&self) -> io::Result<()> {
        // The flag first: a wait that `notify` ends reads it afterwards.
        self.shared.wake.set();
        self.shared.backend.notify()
    }

    /// One more handle, or one less, that another thread may hold.
    pub(crate) fn retain(&self) {
        #[cfg(feature = "task")]
        if self.waiters.is_some() {
            return;
        }
        self.shared.handles.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn release(&self) {
        #[cfg(feature = "task")]
        if self.waiters.is_some() {
            return;
        }
        self.shared.handles.fetch_sub(1, Ordering::Relaxed);
        self.shared.end_if_hanging();
    }
}

impl<B: Backend> Clone for Selector<B> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            #[cfg(feature = "task")]
            waiters: self.waiters.clone(),
        }
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

pub(super) fn ok_or_not_registered(is_registered: bool) -> io::Result<()> {
    if is_registered {
        Ok(())
    } else {
        Err(not_registered())
    }
}

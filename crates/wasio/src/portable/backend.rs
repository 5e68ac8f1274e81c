//! What a backend does for the selector, and the state that the two work on.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::waiting::Waiting;
use super::{
    Config, Direction, Directions, Doubt, Key, Notify, Pauses, Registration, Registrations, Source,
    Timers, Until, Waits, WakeFlag,
};
use crate::errors::{registered_twice, static_error};
use crate::event::Readiness;
use crate::io_outcome::IoOutcome;
use crate::lock::{Guard, Lock};
use crate::sys::Record;
use crate::{Interest, Mode, RawDescriptor, Token};

/// What one answer of the host says.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) key: Key,
    /// The directions that it is about: it counts only if one of them is armed.
    pub(crate) directions: Directions,
    pub(crate) readiness: Readiness,
    pub(crate) failure: Option<Failure>,
    pub(crate) record: Record,
}

impl Report {
    /// Leaves out the directions that are not armed. Of an event that waited for room, the interests
    /// may have changed since. A failure is about both directions.
    #[inline]
    pub(super) fn restrict(&mut self, armed: Directions) {
        let others = self.directions.without(armed);
        if !others.is_empty() && self.failure.is_none() {
            self.directions = self.directions.and(armed);
            self.readiness = self.readiness.without(others.all_readiness());
        }
    }
}

/// Why the host reports a source that is not simply ready.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The source has an error, which its next operation returns.
    Source,
    /// The descriptor is not open: asking about it again would fail each call, for all sources.
    Closed,
    /// The host cannot wait for such a source.
    Refused,
    /// The host cannot wait for such a source in this direction, in which it will never be ready.
    OneWay,
}

/// One wait.
pub(crate) struct WaitCall<'a, B: Backend> {
    pub(crate) shared: &'a Shared<B>,
    pub(crate) host: &'a mut B::Wait,
    /// Where to put what the host answers.
    pub(crate) ready: &'a mut Vec<B::Ready>,
    /// When the wait must end, and before which it must not end without an answer unless the
    /// backend wants to be called again.
    pub(crate) until: Until,
    /// The number of waits that this `select` has made before.
    pub(crate) round: u32,
    /// The number of events that the caller has room for.
    pub(crate) room: usize,
}

/// What a host version needs done for the one [`Selector`](super::Selector): bring the host up to
/// date, wait, and read an answer. Whatever is the same on every host is not here.
///
/// * [`wait`](Self::wait) MUST NOT hold the lock of the state while the host waits.
/// * [`wait`](Self::wait) may return early and without an answer: it is then called again.
/// * [`register`](Self::register) and the other calls about one registration run under the lock of the state.
pub(crate) trait Backend: Sized + Send + Sync + 'static {
    /// For messages.
    const NAME: &'static str;

    /// Whether an operation that moved fewer bytes than it could shows that the next one would
    /// block: the next `WouldBlock` may then be returned without asking the host.
    const CAN_SYNTHESIZE_WOULD_BLOCK: bool = false;

    /// Whether that holds of this source.
    fn can_synthesize(_source: &Self::Source) -> bool {
        Self::CAN_SYNTHESIZE_WOULD_BLOCK
    }

    /// After a wait that gave this number of answers, the host may have none left for operations,
    /// which find nothing then although there is something.
    const MANY_ANSWERS: usize = usize::MAX;

    /// Whether another thread may register while one waits.
    const THREADS: bool = false;

    /// What is registered.
    type Source: Source + fmt::Debug + Send;
    /// What is kept for each direction of a registration.
    type Slot: Copy + Default + fmt::Debug + Send;
    /// What is kept beside the registrations, under their lock.
    type Locked: Default + fmt::Debug + Send;
    /// What belongs to the thread that waits.
    type Wait: Send;
    /// One answer of the host.
    type Ready: Clone + Send;

    fn new(config: Config) -> io::Result<(Self, Self::Wait)>;

    /// The backend of a fork: its clock has the same origin.
    fn fork(&self, config: Config) -> io::Result<(Self, Self::Wait)> {
        Self::new(config)
    }

    /// The host's monotonic clock.
    fn now_ns(&self) -> u64;

    /// What a descriptor is registered as. Fails for what is not open or cannot be waited for.
    fn source(
        &self,
        state: &mut State<Self>,
        descriptor: RawDescriptor,
    ) -> io::Result<(Self::Source, Waits)>;

    /// Brings what the host is asked about up to date with the changes since the last update.
    fn update(&self, host: &mut Self::Wait, state: &mut State<Self>);

    /// Waits, and appends what the host answers to `call.ready`.
    fn wait(call: WaitCall<'_, Self>) -> io::Result<()>;

    /// What an answer says; `None` if it is about no source.
    fn report(&self, ready: &Self::Ready) -> Option<Report>;

    /// Whether the host itself reports an edge once.
    fn keeps_edges(&self, _one: &Registration<Self::Source, Self::Slot>) -> bool {
        false
    }

    /// Notes that a direction is new.
    fn refresh(_locked: &Self::Locked, _slot: &mut Self::Slot) {}

    /// Notes that a direction moved bytes. Returns whether the next update must see the registration.
    fn warm(_locked: &Self::Locked, _slot: &mut Self::Slot) -> bool {
        false
    }

    /// The registration `key` is new. If this fails there is no registration.
    fn register(&self, _state: &mut State<Self>, _key: Key) -> io::Result<()> {
        Ok(())
    }

    /// The registration `key` has other interests, and perhaps another mode than `old`.
    fn reregister(&self, _state: &mut State<Self>, _key: Key, _old: Mode) -> io::Result<()> {
        Ok(())
    }

    /// A registration is gone.
    fn deregister(&self, _source: Self::Source, _waits: Waits) {}

    /// What is armed of the registration `key` has changed, by an event or by an operation.
    fn rearmed(&self, _registrations: &Registrations<Self::Source, Self::Slot>, _key: Key) {}

    /// An operation on the edge-triggered source `key` has armed nothing that was not armed.
    fn after_io(
        &self,
        _state: &State<Self>,
        _key: Key,
        _direction: Direction,
        _outcome: IoOutcome,
    ) {
    }

    /// Whether the host has forgotten the registration of a descriptor that was closed.
    fn has_forgotten(&self, _state: &State<Self>, _key: Key) -> bool {
        false
    }

    /// The state has changed while a thread waits; `ends_wait` says whether that wait is now too long.
    fn changed_during_wait(&self, _ends_wait: bool) -> io::Result<()> {
        Ok(())
    }

    /// Ends the wait of another thread, or else the next wait.
    fn notify(&self) -> io::Result<()> {
        Ok(())
    }

    /// What the fork of a selector keeps beside its registrations.
    fn fork_locked(_locked: &Self::Locked) -> Self::Locked {
        Self::Locked::default()
    }

    /// A fork was made.
    fn forked(_fork: &Arc<Shared<Self>>) {}
}

/// What the handles share.
pub(crate) struct Shared<B: Backend> {
    pub(crate) backend: B,
    state: Lock<State<B>>,
    /// Held by the thread that waits, and needed by no other.
    pub(super) waiting: Lock<Waiting<B::Wait, B::Ready>>,
    pub(crate) wake: WakeFlag,
    /// The handles that may be in another thread, and the one that is not.
    pub(super) handles: AtomicUsize,
    /// The handles that somebody may wait with.
    #[cfg(feature = "task")]
    pub(super) to_wait_with: AtomicUsize,
    pub(super) config: Config,
}

type PopDue = fn(&mut Timers, now_ns: u64) -> Option<Notify>;

/// What is locked before and after a wait, and never during one.
pub(crate) struct State<B: Backend> {
    pub(crate) registrations: Registrations<B::Source, B::Slot>,
    pub(crate) timers: Timers,
    /// The directions that are armed again later.
    pub(super) pauses: Pauses,
    /// [`Timers::pop_due`], once a timer was registered: programs without timers do not link it.
    pub(super) pop_due: Option<PopDue>,
    pub(crate) waker: Option<Token>,
    pub(crate) locked: B::Locked,
    /// When the wait that a thread is in ends by itself; `None` if none waits.
    pub(super) waits_until: Option<Until>,
    pub(super) doubt: Doubt,
    /// Whether the last wait reported a level-triggered source that is always ready.
    pub(super) reported_always_ready: bool,
}

impl<B: Backend> State<B> {
    fn new() -> Self {
        Self {
            registrations: Registrations::new(),
            timers: Timers::new(),
            pauses: Pauses::default(),
            pop_due: None,
            waker: None,
            locked: B::Locked::default(),
            waits_until: None,
            doubt: Doubt::default(),
            reported_always_ready: false,
        }
    }

    /// What a `select` must have at least one of to make sense without a timeout.
    const fn has_something_to_wait_for(&self) -> bool {
        self.registrations.len() > 0 || self.timers.len() > 0 || self.waker.is_some()
    }

    /// Whether there may be something to report that the host knows nothing of.
    pub(super) fn may_have_local_events(&self) -> bool {
        self.waker.is_some()
            || self.timers.next_deadline_ns().is_some()
            || !self.pauses.is_empty()
            || self.registrations.has_always_ready()
    }
}

impl<B: Backend> Shared<B> {
    pub(super) fn new(backend: B, wait: B::Wait, config: Config) -> Self {
        Self {
            backend,
            state: Lock::new(State::new()),
            waiting: Lock::new(Waiting::new(wait)),
            wake: WakeFlag::new(),
            handles: AtomicUsize::new(0),
            #[cfg(feature = "task")]
            to_wait_with: AtomicUsize::new(0),
            config,
        }
    }

    /// Whether there is a handle that another thread may hold.
    pub(crate) fn has_other_handle(&self) -> bool {
        self.handles.load(Ordering::Relaxed) > 1
    }

    /// Whether nothing can end a wait without a limit: there is nothing to wait for, no other thread
    /// can register something, and no signal counts.
    pub(super) fn can_only_hang(&self, state: &State<B>) -> bool {
        let may_be_given_something =
            self.config.interruptible || B::THREADS && self.has_other_handle();
        !state.has_something_to_wait_for() && !may_be_given_something
    }

    /// Short, and never held while the host waits.
    pub(crate) fn lock(&self) -> Guard<'_, State<B>> {
        self.state.lock()
    }

    /// Unlocks after a change which may be due at `due`, and lets a thread that waits know.
    pub(super) fn unlock(&self, state: Guard<'_, State<B>>, due: Until) -> io::Result<()> {
        let waits_until = state.waits_until;
        drop(state);
        match waits_until {
            Some(until) => self.backend.changed_during_wait(until > due),
            None => Ok(()),
        }
    }

    /// Ends the wait of another thread if nothing else can any more: something is gone for good.
    pub(super) fn end_if_hanging(&self) {
        if !B::THREADS {
            return;
        }
        let state = self.lock();
        let hangs = state.waits_until.is_some() && self.can_only_hang(&state);
        drop(state);
        if hangs {
            // An error would leave the other thread where it is, as without this call.
            let _ = self.backend.changed_during_wait(true);
        }
    }

    /// When a registration may be due of which the host reports nothing.
    pub(super) fn due_of(state: &State<B>, key: Key) -> Until {
        match state.registrations.get(key) {
            Some(one) if B::Source::MAY_BE_ALWAYS_READY && one.waits.is_always_ready() => {
                Until::Now
            }
            _ => Until::Never,
        }
    }

    /// Fails if a descriptor is registered, and removes a registration that its host has forgotten.
    pub(super) fn check_unregistered(
        &self,
        state: &mut State<B>,
        descriptor: RawDescriptor,
    ) -> io::Result<()> {
        match state.registrations.find(descriptor) {
            Some(key) if !self.backend.has_forgotten(state, key) => {
                Err(registered_twice(descriptor))
            }
            Some(key) => {
                state.registrations.deregister(key);
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// Registers a source with the backend, and arms it.
    pub(super) fn insert(
        &self,
        state: &mut State<B>,
        source: B::Source,
        notify: Notify,
        interest: Interest,
        mode: Mode,
        waits: Waits,
    ) -> io::Result<Key> {
        let mut slot = B::Slot::default();
        B::refresh(&state.locked, &mut slot);
        let key = (state.registrations).register(source, notify, interest, mode, waits, slot);
        let full = "there are 2^31 registrations: deregister some";
        let key = key.ok_or_else(|| static_error(io::ErrorKind::OutOfMemory, full))?;
        if let Err(error) = self.backend.register(state, key) {
            state.registrations.deregister(key);
            return Err(error);
        }
        Ok(key)
    }
}

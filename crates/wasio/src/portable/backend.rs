//! What a backend does for the shared selector.

use std::fmt;
use std::io;

use super::{
    Config, Direction, Directions, Key, Registrations, Shared, Source, State, Until, Waits,
};
use crate::event::Readiness;
use crate::io_outcome::IoOutcome;
use crate::sys::Record;
use crate::{Mode, RawDescriptor};

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

/// Why the host reports a source that is not simply ready.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The source has an error, which its next operation returns.
    Source,
    /// The descriptor is not open: asking about it again would fail each call, for all sources.
    Closed,
    /// The host cannot wait for such a source.
    Refused,
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
/// * [`register`](Self::register) and the like run under the lock of the state.
pub(crate) trait Backend: Sized + Send + Sync + 'static {
    /// For messages.
    const NAME: &'static str;

    /// Whether an operation that moved fewer bytes than it could shows that the next one would
    /// block: the next `WouldBlock` may then be returned without asking the host.
    const CAN_SYNTHESIZE_WOULD_BLOCK: bool = false;

    /// Whether there are sources that its host cannot wait for, which are then always ready.
    const HAS_ALWAYS_READY: bool = true;

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

    /// Whether the host itself sees to it that an edge is reported once.
    fn keeps_edges(&self, _waits: Waits) -> bool {
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

    /// One more handle, or one less, that another thread may hold.
    fn retain(&self) {}
    fn release(&self) {}

    /// What the fork of a selector keeps beside its registrations.
    fn fork_locked(_locked: &Self::Locked) -> Self::Locked {
        Self::Locked::default()
    }

    /// A fork was made.
    fn forked(_fork: &std::sync::Arc<Shared<Self>>) {}
}

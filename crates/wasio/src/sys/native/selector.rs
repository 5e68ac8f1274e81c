//! The native backend: polling waits, and the operating system keeps what is armed where it can.

use std::io;
use std::time::Instant;

use polling::{Event, PollMode, Poller};

use super::event::{Ready, asked, poll_mode, to_label};
use super::raw::{self, Ask};
use super::record::Record;
use super::wait;
use crate::errors::static_error;
use crate::event::Readiness;
use crate::io_outcome::IoOutcome;
use crate::portable::{
    self, Backend, Config, Direction, Directions, Failure, Key, Registration, Registrations,
    Report, Source, State, Until, WaitCall, Waits, saturating_ns,
};
use crate::{Mode, RawDescriptor};

pub(crate) type Selector = portable::Selector<Native>;

/// The operating system.
#[derive(Debug)]
pub(crate) struct Native {
    pub(super) poller: Poller,
    /// Whether the operating system reports edges. If not, the selector makes them of one-shot
    /// registrations, which it arms again after an operation has found that there is no more.
    pub(super) os_edge: bool,
    /// Whether a signal ends a wait.
    #[cfg_attr(not(unix), allow(dead_code, reason = "signals are of Unix"))]
    pub(super) interruptible: bool,
    /// When the selector's clock shows [`EPOCH_NS`].
    origin: Instant,
}

/// What the clock of a new selector shows, so that a timer may have expired before there was one.
const EPOCH_NS: u64 = 1 << 60;

impl Source for RawDescriptor {
    fn descriptor(&self) -> Option<RawDescriptor> {
        Some(*self)
    }
}

type Entry = Registration<RawDescriptor, ()>;

impl Native {
    pub(super) fn with_edge(
        os_edge: impl FnOnce(&Poller) -> bool,
        config: Config,
        origin: Instant,
    ) -> io::Result<(Self, polling::Events)> {
        let poller = Poller::new()?;
        let os_edge = os_edge(&poller);
        let backend = Self {
            poller,
            os_edge,
            interruptible: config.interruptible,
            origin,
        };
        let buffer = polling::Events::with_capacity(std::num::NonZeroUsize::MIN);
        Ok((backend, buffer))
    }

    /// Whether the operating system makes the edges. Not for tasks: an edge that comes while an
    /// operation finds nothing must be told from one that came before.
    fn has_os_edge(&self, entry: &Entry) -> bool {
        self.os_edge && !entry.notify.is_for_tasks()
    }

    /// Asks the operating system to report a registration (again).
    fn ask(
        &self,
        ask: impl FnOnce(Event, PollMode) -> Ask,
        key: Key,
        entry: &Entry,
    ) -> io::Result<()> {
        let label = to_label(key).ok_or_else(too_many)?;
        let event = asked(label, entry.interest, entry.armed);
        let mode = poll_mode(entry.mode, self.has_os_edge(entry));
        raw::control(&self.poller, entry.source, ask(event, mode))
    }

    /// The same for one that it does not know, and perhaps cannot wait for.
    fn add(&self, state: &mut State<Self>, key: Key) -> io::Result<()> {
        let Some(mut changed) = state.registrations.get_mut(key) else {
            return Ok(());
        };
        match self.ask(Ask::Add, key, changed.registration) {
            Err(error) if raw::is_always_ready(&error) => {
                changed.set_waits(Waits::AlwaysReady);
                Ok(())
            }
            result => result,
        }
    }
}

impl Backend for Native {
    const NAME: &'static str = "native";
    const THREADS: bool = true;

    type Source = RawDescriptor;
    type Slot = ();
    type Locked = ();
    type Wait = polling::Events;
    type Ready = Ready;

    /// The bounds of hot and cold have no use here: a wait costs what is ready.
    fn new(config: Config) -> io::Result<(Self, Self::Wait)> {
        Self::with_edge(Poller::supports_edge, config, Instant::now())
    }

    fn fork(&self, config: Config) -> io::Result<(Self, Self::Wait)> {
        Self::with_edge(|_| self.os_edge, config, self.origin)
    }

    fn now_ns(&self) -> u64 {
        saturating_ns(self.origin.elapsed()).saturating_add(EPOCH_NS)
    }

    fn source(
        &self,
        state: &mut State<Self>,
        descriptor: RawDescriptor,
    ) -> io::Result<(RawDescriptor, Waits)> {
        // A wait may last, and what has gone meanwhile would keep its place until the next.
        forget_changes(state);
        Ok((descriptor, Waits::Host))
    }

    fn register(&self, state: &mut State<Self>, key: Key) -> io::Result<()> {
        match state.registrations.get(key) {
            // A fork's, of a source that the operating system has refused before.
            Some(entry) if entry.waits.is_always_ready() => Ok(()),
            _ => self.add(state, key),
        }
    }

    fn reregister(&self, state: &mut State<Self>, key: Key, old: Mode) -> io::Result<()> {
        match state.registrations.get(key) {
            Some(entry) if entry.waits.is_always_ready() => Ok(()),
            Some(entry) if entry.mode == old => self.ask(Ask::Modify, key, entry),
            // kqueue keeps the mode that a source was added with.
            Some(entry) => {
                raw::control(&self.poller, entry.source, Ask::Delete)?;
                self.add(state, key)
            }
            None => Ok(()),
        }
    }

    fn deregister(&self, source: RawDescriptor, waits: Waits) {
        if waits == Waits::Host {
            // An error would say that it is out already: the descriptor was closed too early.
            let _ = raw::control(&self.poller, source, Ask::Delete);
        }
    }

    fn update(&self, _buffer: &mut Self::Wait, state: &mut State<Self>) {
        forget_changes(state);
    }

    fn wait(call: WaitCall<'_, Self>) -> io::Result<()> {
        let backend = &call.shared.backend;
        #[cfg_attr(not(unix), allow(unused_mut, reason = "set on Unix"))]
        let mut left_ns = match call.until {
            Until::Now => 0,
            until => until.left_ns(backend.now_ns()),
        };
        #[cfg(unix)]
        if backend.interruptible && left_ns > 0 {
            wait::wait_interruptibly(&backend.poller, left_ns)?;
            left_ns = 0;
        }
        wait::wait(&backend.poller, call.host, call.room, left_ns)?;
        let state = call.shared.lock();
        wait::collect(call.host, &state.registrations, call.ready);
        Ok(())
    }

    fn report(&self, ready: &Ready) -> Option<Report> {
        let is_error = ready.readiness.contains(Readiness::ERROR);
        Some(Report {
            key: ready.key,
            directions: Directions::reported(ready.readiness),
            readiness: ready.readiness,
            failure: is_error.then_some(Failure::Source),
            record: Record::Polling(ready.event),
        })
    }

    fn keeps_edges(&self, one: &Entry) -> bool {
        self.has_os_edge(one) && one.waits == Waits::Host
    }

    fn rearmed(&self, registrations: &Registrations<RawDescriptor, ()>, key: Key) {
        if let Some(entry) = registrations.get(key)
            && entry.waits == Waits::Host
            && !entry.armed.is_empty()
        {
            // An error would say that the descriptor is closed, or is another one by now: the next
            // operation on it returns that to the caller.
            let _ = self.ask(Ask::Modify, key, entry);
        }
    }

    /// Has the system report the source again if it is ready: it reports new edges only. After an
    /// operation that failed, what it left is an old one. After a short read the end of the stream
    /// may have been part of the last one: epoll's events say so, kqueue's do not by way of polling.
    fn after_io(&self, state: &State<Self>, key: Key, direction: Direction, outcome: IoOutcome) {
        let events_tell_the_end = cfg!(any(target_os = "linux", target_os = "android"));
        let may_hide_an_edge = match outcome {
            IoOutcome::Failed => true,
            IoOutcome::Partial => direction == Direction::Read && !events_tell_the_end,
            _ => false,
        };
        if may_hide_an_edge
            && let Some(entry) = state.registrations.get(key)
            && entry.mode == Mode::Edge
            && self.keeps_edges(entry)
        {
            let _ = self.ask(Ask::Modify, key, entry);
        }
    }

    /// epoll forgets a descriptor that is closed; the number may be that of another one by now.
    fn has_forgotten(&self, state: &State<Self>, key: Key) -> bool {
        let asked_again = state
            .registrations
            .get(key)
            .map(|entry| self.ask(Ask::Modify, key, entry));
        matches!(asked_again, Some(Err(error)) if error.kind() == io::ErrorKind::NotFound)
    }

    fn changed_during_wait(&self, ends_wait: bool) -> io::Result<()> {
        if ends_wait { self.notify() } else { Ok(()) }
    }

    fn notify(&self) -> io::Result<()> {
        self.poller.notify()
    }
}

/// The system is up to date already. What has been deregistered gives its place back.
fn forget_changes(state: &mut State<Native>) {
    while state.registrations.next_change().is_some() {}
}

fn too_many() -> io::Error {
    static_error(
        io::ErrorKind::OutOfMemory,
        "there are more sources than a 32-bit system can tell apart: deregister some",
    )
}

impl Selector {
    /// A selector that makes edges of one-shot registrations, as on Windows.
    #[cfg(all(test, not(loom)))]
    pub(super) fn without_os_edge() -> io::Result<Self> {
        let (backend, buffer) = Native::with_edge(|_| false, Config::DEFAULT, Instant::now())?;
        Ok(Self::with_backend(backend, buffer, Config::DEFAULT))
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for Selector {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.shared().backend.poller.as_fd()
    }
}

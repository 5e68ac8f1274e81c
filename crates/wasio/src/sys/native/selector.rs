use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use polling::{PollMode, Poller};

use super::raw;
use super::table::{Directions, Entry, Table, to_label};
use crate::io_outcome::{Arming, IoOutcome};
use crate::portable::{Config, Direction, Key, Timers, WakeFlag};
use crate::registration::not_registered;
use crate::sys::Backend;
use crate::sys::errors::{never_registered, registered_twice, second_waker};
use crate::{Events, Interest, Mode, RawDescriptor, Token};

/// What the host said, for `{:#?}` of an event.
#[derive(Clone, Debug)]
#[allow(
    dead_code,
    reason = "read by `Debug`, which the lint does not count as a use"
)]
pub(crate) enum Record {
    /// The operating system reported a source.
    Polling(polling::Event),
    /// The operating system cannot wait for the source.
    AlwaysReady,
    /// A timer is due.
    Timer,
    /// The waker was used.
    Waker,
}

/// A selector on the crate polling.
#[derive(Clone)]
pub(crate) struct Selector {
    pub(super) shared: Arc<Shared>,
}

pub(super) struct Shared {
    id: usize,
    /// Zero of the selector's clock.
    origin: Instant,
    pub(super) poller: Poller,
    /// Whether the operating system reports edges. If not, the selector makes them of one-shot
    /// registrations that [`Backend::after_io`] arms again.
    os_edge: bool,
    /// Whether any registration needs to hear of I/O; from then on for good.
    watches_io: AtomicBool,
    /// Set before each `notify`, so that a notification is never the only sign of a wake.
    pub(super) wake: WakeFlag,
    state: Mutex<State>,
}

pub(super) struct State {
    pub(super) table: Table,
    pub(super) timers: Timers,
    pub(super) waker: Option<Token>,
    /// What is armed and always ready; may hold some that no longer are.
    pub(super) always: Vec<Key>,
    /// polling's buffer. `None` while a thread is in `select`.
    pub(super) buffer: Option<polling::Events>,
    /// When the running wait ends by itself; `None` if there is none.
    pub(super) wait_until_ns: Option<u64>,
    /// The last poll ran full before timers, waker and files had their turn.
    pub(super) owed: bool,
    /// Counts polls.
    pub(super) poll: u64,
}

impl Shared {
    /// Short, and never held while a thread waits.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn now_ns(&self) -> u64 {
        saturating_ns(self.origin.elapsed())
    }

    /// Whether the selector itself keeps what is armed in this registration.
    pub(super) fn keeps_armed(&self, entry: &Entry) -> bool {
        match entry.mode {
            Mode::Level => false,
            Mode::Edge => entry.always_ready || !self.os_edge,
            Mode::Oneshot => true,
        }
    }

    /// Asks the operating system to report a registration (again).
    pub(super) fn rearm(&self, key: Key, entry: &Entry) -> io::Result<()> {
        if entry.always_ready {
            return Ok(());
        }
        let event = asked(key, entry.armed);
        raw::modify(
            &self.poller,
            entry.source,
            event,
            self.poll_mode(entry.mode),
        )
    }

    fn poll_mode(&self, mode: Mode) -> PollMode {
        match mode {
            Mode::Level => PollMode::Level,
            Mode::Edge if self.os_edge => PollMode::Edge,
            Mode::Edge | Mode::Oneshot => PollMode::Oneshot,
        }
    }

    /// Asks the operating system for what was registered; notes if it cannot wait for it.
    fn add(&self, key: Key, entry: &mut Entry) -> io::Result<()> {
        let event = asked(key, entry.armed);
        let mode = self.poll_mode(entry.mode);
        match raw::add(&self.poller, entry.source, event, mode) {
            Err(error) if raw::is_always_ready(&error) => {
                entry.always_ready = true;
                self.watches_io.store(true, Ordering::Relaxed);
                Ok(())
            }
            result => result,
        }
    }

    fn insert(&self, state: &mut State, mut entry: Entry) -> io::Result<Key> {
        let full = || io::Error::new(io::ErrorKind::OutOfMemory, "the registration table is full");
        let key = state.table.insert(entry).ok_or_else(full)?;
        if let Err(error) = self.add(key, &mut entry) {
            state.table.remove(key);
            return Err(error);
        }
        state.update(key, entry);
        Ok(key)
    }

    /// Whether the operating system still has a registration. epoll forgets a descriptor that is
    /// closed; the number may be that of another one by now.
    fn is_watched(&self, state: &State, key: Key) -> bool {
        let asked_again = state.table.get(key).map(|entry| self.rearm(key, entry));
        !matches!(asked_again, Some(Err(error)) if error.kind() == io::ErrorKind::NotFound)
    }

    /// Ends a running wait that would last longer than until `at_ns`.
    fn end_wait_at(&self, state: MutexGuard<'_, State>, at_ns: u64) -> io::Result<()> {
        let is_late = state.wait_until_ns.is_some_and(|until| until > at_ns);
        drop(state);
        if is_late {
            self.poller.notify()
        } else {
            Ok(())
        }
    }

    /// As [`end_wait_at`](Self::end_wait_at), once a registration may be ready without the
    /// operating system saying so.
    fn end_wait_for(&self, state: MutexGuard<'_, State>, key: Key) -> io::Result<()> {
        match state.table.get(key) {
            Some(entry) if entry.always_ready => self.end_wait_at(state, 0),
            _ => Ok(()),
        }
    }

    /// Makes sure that the end of a stream is an edge of its own where an event does not tell
    /// whether it was part of the last one (kqueue does; polling does not hand it on). A source
    /// that is asked about anew is reported if it is ready.
    fn after_short_read(&self, key: Key) {
        if cfg!(any(target_os = "linux", target_os = "android")) || !self.os_edge {
            return;
        }
        let state = self.lock();
        if let Some(entry) = state.table.get(key)
            && entry.mode == Mode::Edge
        {
            // As in `arm`: an error is the next operation's to meet.
            let _ = self.rearm(key, entry);
        }
    }

    fn arm(&self, key: Key, direction: Direction) {
        let mut state = self.lock();
        let Some(entry) = state.table.get(key) else {
            return;
        };
        let armed = entry.armed.with(Directions::one(direction));
        let is_wanted = Directions::of(entry.interest).contains(armed);
        if entry.mode != Mode::Edge || !is_wanted || armed == entry.armed {
            return;
        }
        let entry = Entry { armed, ..*entry };
        state.update(key, entry);
        // An error would say that the descriptor is closed, or is another one by now: the next
        // operation on it returns that to the caller, who has somebody to tell.
        let _ = self.rearm(key, &entry);
        let _ = self.end_wait_for(state, key);
    }
}

impl State {
    /// Writes a changed registration back.
    fn update(&mut self, key: Key, mut entry: Entry) {
        if entry.always_ready && !entry.listed {
            entry.listed = true;
            self.always.push(key);
        }
        if let Some(slot) = self.table.get_mut(key) {
            *slot = entry;
        }
    }
}

/// What polling is asked for.
fn asked(key: Key, armed: Directions) -> polling::Event {
    let mut event = polling::Event::new(to_label(key), armed.readable(), armed.writable());
    event.set_priority(armed.priority());
    event
}

pub(super) fn saturating_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Whether an error is about the system, and not about the source.
fn is_shortage(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::OutOfMemory | io::ErrorKind::StorageFull
    )
}

impl Selector {
    /// `os_edge` false makes the selector do without the edges of the operating system.
    fn with_edge(os_edge: impl FnOnce(&Poller) -> bool, origin: Instant) -> io::Result<Self> {
        static NEXT_ID: AtomicUsize = AtomicUsize::new(1);

        let poller = Poller::new()?;
        let os_edge = os_edge(&poller);
        let state = State {
            table: Table::new(),
            timers: Timers::new(),
            waker: None,
            always: Vec::new(),
            buffer: Some(polling::Events::with_capacity(std::num::NonZeroUsize::MIN)),
            wait_until_ns: None,
            owed: false,
            poll: 0,
        };
        let shared = Shared {
            id: NEXT_ID.fetch_add(1, Ordering::Relaxed),
            origin,
            poller,
            os_edge,
            watches_io: AtomicBool::new(!os_edge),
            wake: WakeFlag::new(),
            state: Mutex::new(state),
        };
        Ok(Self {
            shared: Arc::new(shared),
        })
    }

    /// A selector that makes edges of one-shot registrations, as on Windows.
    #[cfg(all(test, not(loom)))]
    pub(super) fn without_os_edge() -> io::Result<Self> {
        Self::with_edge(|_| false, Instant::now())
    }
}

impl Backend for Selector {
    /// The bounds of hot and cold have no use here: a wait costs what is ready.
    fn new(_config: Config) -> io::Result<Self> {
        Self::with_edge(Poller::supports_edge, Instant::now())
    }

    fn fork(&self) -> io::Result<Self> {
        let shared = &self.shared;
        // The same origin: the deadlines of the timers stay what they are.
        let fork = Self::with_edge(|_| shared.os_edge, shared.origin)?;
        let state = shared.lock();
        let mut copy = fork.shared.lock();
        copy.timers = state.timers.clone();
        for entry in state.table.iter() {
            let mode = match entry.mode {
                Mode::Edge => Mode::Level,
                mode => mode,
            };
            let entry = Entry::new(entry.source, entry.token, entry.interest, mode);
            match fork.shared.insert(&mut copy, entry) {
                Err(error) if is_shortage(&error) => return Err(error),
                // The descriptor was closed while it was registered: nobody hears of it again.
                Err(_) | Ok(_) => {}
            }
        }
        drop(copy);
        Ok(fork)
    }

    fn id(&self) -> usize {
        self.shared.id
    }

    fn select(&self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        self.shared.select(events, timeout)
    }

    fn register(
        &self,
        source: RawDescriptor,
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<Key> {
        let mut state = self.shared.lock();
        if let Some(old) = state.table.find(source) {
            if self.shared.is_watched(&state, old) {
                return Err(registered_twice(source));
            }
            state.table.remove(old);
        }
        let entry = Entry::new(source, token, interest, mode);
        let key = self.shared.insert(&mut state, entry)?;
        self.shared.end_wait_for(state, key)?;
        Ok(key)
    }

    fn reregister(&self, key: Key, token: Token, interest: Interest, mode: Mode) -> io::Result<()> {
        let shared = &self.shared;
        let mut state = shared.lock();
        let old = *state.table.get(key).ok_or_else(not_registered)?;
        let mut entry = Entry {
            always_ready: old.always_ready,
            listed: old.listed,
            ..Entry::new(old.source, token, interest, mode)
        };
        if old.mode == mode {
            shared.rearm(key, &entry)?;
        } else if !old.always_ready {
            // kqueue keeps the mode that a source was added with.
            raw::delete(&shared.poller, old.source)?;
            shared.add(key, &mut entry)?;
        }
        state.update(key, entry);
        shared.end_wait_for(state, key)
    }

    fn deregister(&self, key: Key) -> io::Result<()> {
        let mut state = self.shared.lock();
        let entry = state.table.remove(key).ok_or_else(not_registered)?;
        if !entry.always_ready {
            // An error would say that it is out already: the descriptor was closed too early.
            let _ = raw::delete(&self.shared.poller, entry.source);
        }
        Ok(())
    }

    fn find(&self, source: RawDescriptor) -> io::Result<(Key, Mode)> {
        let state = self.shared.lock();
        let never = || never_registered(source);
        let key = state.table.find(source).ok_or_else(never)?;
        let entry = state.table.get(key).ok_or_else(never)?;
        Ok((key, entry.mode))
    }

    /// An operating system with edges keeps what is armed itself.
    fn after_io(&self, key: Key, direction: Direction, outcome: IoOutcome) {
        if outcome == IoOutcome::Partial && direction == Direction::Read {
            self.shared.after_short_read(key);
        }
        let arms = outcome.effect(direction).arming == Arming::Arm;
        if arms && self.shared.watches_io.load(Ordering::Relaxed) {
            self.shared.arm(key, direction);
        }
    }

    /// Whether the selector knows it to be armed. What the operating system keeps it does not
    /// tell, and no call here needs it.
    fn is_armed(&self, key: Key, direction: Direction) -> bool {
        let state = self.shared.lock();
        state.table.get(key).is_some_and(|entry| {
            self.shared.keeps_armed(entry) && entry.armed.contains(Directions::one(direction))
        })
    }

    fn now_ns(&self) -> u64 {
        self.shared.now_ns()
    }

    fn with_timers<R>(&self, f: impl FnOnce(&mut Timers) -> R) -> io::Result<R> {
        let mut state = self.shared.lock();
        let before_ns = state.timers.next_deadline_ns().unwrap_or(u64::MAX);
        let result = f(&mut state.timers);
        let next_ns = state.timers.next_deadline_ns().unwrap_or(u64::MAX);
        if next_ns < before_ns {
            self.shared.end_wait_at(state, next_ns)?;
        }
        Ok(result)
    }

    fn set_waker(&self, token: Token) -> io::Result<()> {
        let mut state = self.shared.lock();
        if state.waker.is_some() {
            return Err(second_waker());
        }
        state.waker = Some(token);
        Ok(())
    }

    fn clear_waker(&self) {
        self.shared.lock().waker = None;
        self.shared.wake.take();
    }

    fn wake(&self) -> io::Result<()> {
        // The flag first: polling drops a notification that comes while it takes the last
        // one, and `select` looks at the flag after that.
        self.shared.wake.set();
        self.shared.poller.notify()
    }

    /// Other threads need no slices here: the wait can be ended.
    fn retain(&self) {}

    fn release(&self) {}
}

/// The descriptor of epoll or kqueue itself.
#[cfg(unix)]
impl std::os::fd::AsFd for Selector {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.shared.poller.as_fd()
    }
}
impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.shared.lock();
        f.debug_struct("Selector")
            .field("id", &self.shared.id)
            .field("sources", &state.table.len())
            .field("timers", &state.timers.len())
            .field("waker", &state.waker)
            .finish_non_exhaustive()
    }
}

//! The scripted host: sources, their pollables, things that will happen to them, and a virtual clock
//! that calls and waits move on.
//!
//! It checks the rules that every call has to keep, and it fails a test that would hang.

mod fds;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::super::host::{Forget, Handle, Host};
use super::rules::Rules;
use crate::portable::Direction;
use crate::portable::tests::model::{Fault, Faults};
use crate::sys::poll_fd::PollFd;

pub(super) const MS: u64 = 1_000_000;
/// A test whose clock passes this would hang.
const DOOMSDAY_NS: u64 = 100 * 24 * 3600 * 1000 * MS;
const MAX_CALLS: u64 = 400_000;
/// `EBADF` of wasi-libc.
pub(super) const BADF: i32 = 8;

/// What a source of pollables and a descriptor of libc have in common.
#[derive(Copy, Clone, Debug, Default)]
pub(super) struct Source {
    /// Bytes to read, or connections to accept.
    pub(super) pending: u64,
    /// Whether there is room to write.
    pub(super) room: bool,
    pub(super) ended: bool,
    /// The next operation returns an error.
    pub(super) failed: bool,
    /// The handles of its pollables; a descriptor has none.
    pub(super) handles: [Option<Handle>; 2],
}

/// Bytes arrive: the source, and their number.
pub(super) struct Bytes(pub(super) u32, pub(super) u64);

#[derive(Copy, Clone, Debug)]
enum Pollable {
    Clock { due_ns: u64 },
    Source { id: u32, direction: Direction },
}

/// One call of `poll`, or of libc's.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// The number of pollables of sources, and whether there was a clock.
    Poll {
        sources: usize,
        clock: bool,
    },
    Fds {
        fds: usize,
        timeout_ms: i32,
    },
}

pub(super) struct World {
    pub(super) rules: Rules,
    pub(super) now_ns: u64,
    /// The calls that are answered until the guest is suspended.
    answers: u32,
    pub(super) sources: HashMap<u32, Source>,
    pollables: HashMap<Handle, Pollable>,
    last_handle: Handle,
    /// The pollables that were polled before.
    polled: HashSet<Handle>,
    script: BTreeMap<(u64, u64), Bytes>,
    scripted: u64,
    pub(super) forks: Vec<Weak<dyn Forget>>,
    /// Made on first use.
    always_ready: Option<Handle>,
    /// Calls of `poll` and of libc's.
    pub(super) polls: u64,
    /// Clocks that were made.
    pub(super) clocks: u64,
    pub(super) calls: Vec<Call>,
    /// The number of the next calls that libc fails, of those that name more than one descriptor.
    pub(super) fd_failures: u32,
    /// What goes wrong in the next calls, and in this one.
    pub(super) faults: Faults,
    fault: Option<Fault>,
}

/// The host's side, and the test's.
#[derive(Clone)]
pub(super) struct Shared(Arc<Mutex<World>>);

thread_local! {
    static NEXT: RefCell<Option<Shared>> = const { RefCell::new(None) };
}

impl Shared {
    pub(super) fn new(rules: Rules) -> Self {
        let shared = Self(Arc::new(Mutex::new(World {
            rules,
            now_ns: 1_000 * MS,
            answers: rules.answers,
            sources: HashMap::new(),
            pollables: HashMap::new(),
            last_handle: 0,
            polled: HashSet::new(),
            script: BTreeMap::new(),
            scripted: 0,
            forks: Vec::new(),
            always_ready: None,
            polls: 0,
            clocks: 0,
            calls: Vec::new(),
            fd_failures: 0,
            faults: Faults::new(),
            fault: None,
        })));
        NEXT.set(Some(shared.clone()));
        shared
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A source of pollables goes, and they with it: it leaves the forks that name them.
    pub(super) fn close(&self, id: u32) {
        let (handles, forks) = {
            let mut world = self.lock();
            let source = world.sources.remove(&id).expect("an open source");
            (source.handles, world.forks.clone())
        };
        for handle in handles.into_iter().flatten() {
            self.drop_pollable(handle, &forks);
        }
    }

    /// A source makes its pollables anew, and drops the old ones. Returns the old ones, which the
    /// caller drops.
    pub(super) fn renew(&self, id: u32) -> [Option<Handle>; 2] {
        let mut world = self.lock();
        let old = world.source(id).handles;
        world.subscribe(id);
        old
    }

    pub(super) fn drop_pollable(&self, handle: Handle, forks: &[Weak<dyn Forget>]) {
        for fork in forks.iter().filter_map(Weak::upgrade) {
            fork.forget(handle);
        }
        self.lock().forget(handle);
    }

    /// Runs `step` until it has a result, and what is due in between.
    fn wait<T>(&self, mut step: impl FnMut(&mut World) -> Result<T, u64>) -> T {
        loop {
            let mut world = self.lock();
            world.happen();
            match step(&mut world) {
                Ok(result) => {
                    if let Some(Fault::Late(ns)) = world.fault {
                        world.now_ns += ns;
                    }
                    return result;
                }
                Err(until_ns) => world.move_on(until_ns),
            }
        }
    }
}

/// The host of a selector. A new selector gets the world that was made last.
pub(super) struct Scripted(Shared);

impl Default for Scripted {
    fn default() -> Self {
        Self(NEXT.with_borrow(|next| next.clone().expect("no world yet")))
    }
}

/// A clock, which the selector owns.
pub(super) struct Clock {
    handle: Handle,
    world: Shared,
}

impl Drop for Clock {
    fn drop(&mut self) {
        self.world.lock().forget(self.handle);
    }
}

impl Host for Scripted {
    type Pollable = Clock;

    fn now_ns(&self) -> u64 {
        let mut world = self.0.lock();
        world.now_ns += 30;
        world.read_clock()
    }

    fn subscribe_instant(&self, at_ns: u64) -> Clock {
        let handle = self.0.lock().make_clock(at_ns);
        let world = self.0.clone();
        Clock { handle, world }
    }

    fn handle(pollable: &Clock) -> Handle {
        pollable.handle
    }

    fn always_ready(&self) -> Handle {
        let mut world = self.0.lock();
        let made = world.always_ready;
        made.unwrap_or_else(|| {
            let handle = world.make_clock(0);
            *world.always_ready.insert(handle)
        })
    }

    fn poll(&self, handles: &[Handle], ready: &mut [u32]) -> usize {
        assert!(ready.len() >= handles.len(), "too little room");
        self.0.lock().begin_poll(handles);
        let answer = self.0.wait(|world| world.answer(handles));
        self.0.lock().polled.extend(handles);
        ready[..answer.len()].copy_from_slice(&answer);
        answer.len()
    }

    fn poll_fds(&self, fds: &mut [PollFd], timeout_ms: i32) -> io::Result<usize> {
        let end_ns = self.0.lock().begin_fds(fds, timeout_ms)?;
        Ok(self.0.wait(|world| world.answer_fds(fds, end_ns)))
    }

    fn forked(&self, fork: Weak<dyn Forget>) {
        self.0.lock().forks.push(fork);
    }
}

impl World {
    /// Makes calls of operations. Returns whether they are answered.
    pub(super) fn call(&mut self, calls: u32) -> bool {
        let is_answered = self.answers >= calls;
        self.answers = self.answers.saturating_sub(calls);
        is_answered
    }

    /// Opens a descriptor of libc.
    pub(super) fn open_fd(&mut self, id: u32) {
        self.sources.insert(id, Source::default());
    }

    /// Opens a source with two pollables.
    pub(super) fn open(&mut self, id: u32) -> [Option<Handle>; 2] {
        self.open_fd(id);
        self.subscribe(id);
        self.source(id).handles
    }

    fn subscribe(&mut self, id: u32) {
        let handles =
            Direction::BOTH.map(|direction| Some(self.add(Pollable::Source { id, direction })));
        self.source(id).handles = handles;
    }

    pub(super) fn source(&mut self, id: u32) -> &mut Source {
        self.sources.get_mut(&id).expect("an open source")
    }

    pub(super) fn after(&mut self, delay_ns: u64, happening: Bytes) {
        self.scripted += 1;
        let at_ns = self.now_ns + delay_ns;
        self.script.insert((at_ns, self.scripted), happening);
    }

    pub(super) fn is_expecting(&self) -> bool {
        !self.script.is_empty()
    }

    /// The number of pollables that were not dropped.
    pub(super) fn live_pollables(&self) -> usize {
        self.pollables.len()
    }

    /// A handle is never used again, so that a stale one is noticed.
    fn add(&mut self, pollable: Pollable) -> Handle {
        self.last_handle += 1;
        self.pollables.insert(self.last_handle, pollable);
        self.last_handle
    }

    fn forget(&mut self, handle: Handle) {
        let was_there = self.pollables.remove(&handle).is_some();
        assert!(was_there, "pollable {handle} was dropped twice");
    }

    pub(super) fn read_clock(&self) -> u64 {
        let step_ns = self.rules.clock_step_ns;
        let now_ns = self.now_ns / step_ns * step_ns;
        if self.rules.clock_goes_back && (self.now_ns / 30).is_multiple_of(3) {
            return now_ns - 5_000;
        }
        now_ns
    }

    fn make_clock(&mut self, at_ns: u64) -> Handle {
        self.clocks += 1;
        self.now_ns += 200;
        let step_ns = self.rules.clock_step_ns;
        let is_too_far = at_ns.saturating_sub(self.now_ns) >= self.rules.farthest_clock_ns;
        let at_ns = if is_too_far { self.now_ns + MS } else { at_ns };
        let due_ns = if at_ns <= self.now_ns / step_ns * step_ns {
            0
        } else {
            let late_ns = self.rules.clock_late_ns;
            at_ns
                .checked_next_multiple_of(step_ns)
                .and_then(|at_ns| at_ns.checked_add(late_ns))
                .unwrap_or(u64::MAX)
        };
        self.add(Pollable::Clock { due_ns })
    }

    /// Counts a call about this number of sources, and moves the clock by what it costs.
    fn begin(&mut self, call: Call, len: usize) {
        self.polls += 1;
        assert!(self.polls < MAX_CALLS, "the selector spins");
        self.calls.push(call);
        let sweeps = 1 + len.saturating_sub(1) / self.rules.polled_at_once.min(1 << 20);
        let polled = u64::try_from(len * sweeps.div_ceil(2)).unwrap();
        self.now_ns += self.rules.call_cost_ns + polled * self.rules.pollable_cost_ns;
        self.fault = self.faults.of_wait(&mut self.now_ns);
        if self.rules.stalls && self.polls.is_multiple_of(17) {
            self.now_ns += (5 + self.polls % 46) * MS;
        }
    }

    fn begin_poll(&mut self, handles: &[Handle]) {
        assert!(!handles.is_empty(), "an empty poll traps");
        let mut sources = HashSet::new();
        let mut clock = false;
        for handle in handles {
            match self.pollables.get(handle) {
                None => panic!("pollable {handle} is gone: this traps"),
                Some(Pollable::Clock { .. }) => clock = true,
                Some(Pollable::Source { .. }) => {
                    assert!(sources.insert(*handle), "pollable {handle} twice");
                }
            }
        }
        let call = Call::Poll {
            sources: sources.len(),
            clock,
        };
        self.begin(call, handles.len());
    }

    /// The answer to a poll, or until when nothing is ready.
    fn answer(&mut self, handles: &[Handle]) -> Result<Vec<u32>, u64> {
        if self.fault == Some(Fault::Early) {
            let is_clock =
                |handle: &Handle| matches!(self.pollables[handle], Pollable::Clock { .. });
            let clocks = (0..).zip(handles).filter(|(_, handle)| is_clock(handle));
            return Ok(clocks.map(|(place, _)| place).collect());
        }
        let first = &handles[..handles.len().min(self.rules.polled_at_once)];
        // It suspends the guest if no source is ready, and a new clock makes it do so.
        let (sources, answer) = self.poll_all(first);
        self.answers = if sources > 0 {
            self.answers - sources
        } else {
            self.rules.answers
        };
        if sources > 0 {
            return Ok(answer);
        }
        for polled in [first, handles] {
            let (sources, answer) = self.poll_all(polled);
            self.answers -= sources;
            if !answer.is_empty() {
                return Ok(answer);
            }
        }
        let due_ns = handles.iter().map(|handle| match self.pollables[handle] {
            Pollable::Clock { due_ns } => due_ns,
            Pollable::Source { .. } => u64::MAX,
        });
        Err(due_ns.min().unwrap_or(u64::MAX))
    }

    /// What is ready among `handles`, as far as the answers go, and how many of that are sources.
    fn poll_all(&self, handles: &[Handle]) -> (u32, Vec<u32>) {
        let any = handles.iter().any(|handle| self.is_ready_source(*handle));
        let mut sources = 0;
        let is_reported = |place: &u32| match self.pollables[&handles[*place as usize]] {
            Pollable::Clock { due_ns } => due_ns <= self.now_ns,
            Pollable::Source { .. } => {
                let is_ready = (self.rules.over_reports && any)
                    || self.is_ready_source(handles[*place as usize]);
                let is_answered = is_ready && sources < self.answers;
                sources += u32::from(is_answered);
                is_answered
            }
        };
        let len = u32::try_from(handles.len()).unwrap_or(u32::MAX);
        let answer = (0..len).filter(is_reported).collect();
        (sources, answer)
    }

    fn is_ready_source(&self, handle: Handle) -> bool {
        match self.pollables[&handle] {
            Pollable::Clock { .. } => false,
            Pollable::Source { id, direction } => {
                let is_new = self.rules.ready_at_first && !self.polled.contains(&handle);
                let is_fault = self.fault == Some(Fault::Spurious(id));
                is_new || is_fault || self.is_ready(id, direction)
            }
        }
    }

    /// Whether a source is ready, as the peers see it.
    pub(super) fn is_ready(&self, id: u32, direction: Direction) -> bool {
        let Some(source) = self.sources.get(&id) else {
            return false;
        };
        match direction {
            _ if source.failed => true,
            Direction::Read => source.pending > 0 || source.ended,
            Direction::Write => source.room,
        }
    }

    /// Lets happen what is due.
    fn happen(&mut self) {
        while let Some(entry) = self.script.first_entry() {
            if entry.key().0 > self.now_ns {
                break;
            }
            let Bytes(id, bytes) = entry.remove();
            if let Some(source) = self.sources.get_mut(&id) {
                source.pending += bytes;
            }
        }
    }

    /// Moves the clock on to whatever comes first.
    fn move_on(&mut self, until_ns: u64) {
        let next_ns = self.script.keys().next().map_or(u64::MAX, |key| key.0);
        self.now_ns = next_ns.min(until_ns);
        assert!(self.now_ns < DOOMSDAY_NS, "the host waits forever");
    }
}

//! A backend as WASI 0.3 will need it: an operation for each armed direction, and a wait that returns
//! those that are complete. No array, and no cost for what is idle.
//!
//! Its host ends the test on each misuse that ends a guest: a second operation while one is
//! outstanding, a cancel of none, a source that goes while one is, and a wait that nothing ends.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::model::{Fault, Faults};
use crate::RawDescriptor;
use crate::portable::{
    Backend, Config, Direction, Directions, Key, Report, Source, State, Until, WaitCall, Waits,
};
use crate::sys::Record;

const CALL_COST_NS: u64 = 1_000;
const MAX_WAITS: u64 = 400_000;

pub(super) enum Happening {
    Bytes(u32, u64),
    Run(Box<dyn FnOnce() + Send>),
}

#[derive(Clone, Debug, Default)]
pub(super) struct Peer {
    pub(super) pending: u64,
    pub(super) room: bool,
    pub(super) ended: bool,
    pub(super) failed: bool,
    /// It never blocks, and has no operations.
    pub(super) is_file: bool,
    /// Who waits for the operation in each direction that is outstanding.
    operations: [Option<Key>; 2],
}

pub(super) struct World {
    pub(super) now_ns: u64,
    pub(super) peers: HashMap<u32, Peer>,
    script: BTreeMap<(u64, u64), Happening>,
    scripted: u64,
    outstanding: usize,
    /// Where the last answer ended.
    last: u32,
    pub(super) waits: u64,
    pub(super) started: u64,
    /// Whether a wait is to end.
    is_notified: bool,
    /// The error of the next wait.
    pub(super) fails: Option<io::ErrorKind>,
    /// What goes wrong in the next waits.
    pub(super) faults: Faults,
}

/// The errors of faults.
pub(super) const ERRORS: [io::ErrorKind; 4] = [
    io::ErrorKind::Other,
    io::ErrorKind::Interrupted,
    io::ErrorKind::OutOfMemory,
    io::ErrorKind::InvalidInput,
];

fn error(which: u8) -> io::Error {
    ERRORS[usize::from(which) % ERRORS.len()].into()
}

#[derive(Clone)]
pub(super) struct Host(Arc<Mutex<World>>);

thread_local! {
    static NEXT: RefCell<Option<Host>> = const { RefCell::new(None) };
}

impl Host {
    pub(super) fn new() -> Self {
        let host = Self(Arc::new(Mutex::new(World {
            now_ns: 1_000_000_000,
            peers: HashMap::new(),
            script: BTreeMap::new(),
            scripted: 0,
            outstanding: 0,
            last: 0,
            waits: 0,
            started: 0,
            is_notified: false,
            fails: None,
            faults: Faults::default(),
        })));
        NEXT.set(Some(host.clone()));
        host
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until an operation is complete. Returns the complete ones, at most `room`.
    fn wait(&self, until: Until, room: usize) -> io::Result<Vec<(Key, Direction)>> {
        let fault = self.lock().begin_wait()?;
        loop {
            let due = self.lock().take_due();
            if let Some(run) = due {
                // Unlocked: it may use the selector.
                run();
                continue;
            }
            let mut world = self.lock();
            let complete = world.complete(room, fault);
            let is_notified = std::mem::take(&mut world.is_notified);
            let is_over =
                is_notified || fault == Some(Fault::Early) || until.has_passed(|| world.now_ns);
            if !complete.is_empty() || is_over {
                if let Some(Fault::Late(ns)) = fault {
                    world.now_ns += ns;
                }
                return Ok(complete);
            }
            world.move_on(until);
        }
    }
}

impl World {
    pub(super) fn open(&mut self, id: u32) -> &mut Peer {
        self.peers
            .entry(id)
            .insert_entry(Peer::default())
            .into_mut()
    }

    pub(super) fn close(&mut self, id: u32) {
        let peer = self.peers.remove(&id).expect("an open source");
        let is_idle = peer.operations == [None, None];
        assert!(is_idle, "a source goes while an operation is outstanding");
    }

    pub(super) fn peer(&mut self, id: u32) -> &mut Peer {
        self.peers.get_mut(&id).expect("an open source")
    }

    pub(super) fn is_expecting(&self) -> bool {
        !self.script.is_empty()
    }

    pub(super) const fn outstanding(&self) -> usize {
        self.outstanding
    }

    pub(super) fn after(&mut self, delay_ns: u64, happening: Happening) {
        self.scripted += 1;
        let at_ns = self.now_ns + delay_ns;
        self.script.insert((at_ns, self.scripted), happening);
    }

    pub(super) fn is_ready(&self, id: u32, direction: Direction) -> bool {
        let peer = &self.peers[&id];
        match direction {
            _ if peer.is_file => true,
            _ if peer.failed => true,
            Direction::Read => peer.pending > 0 || peer.ended,
            Direction::Write => peer.room,
        }
    }

    fn start(&mut self, id: u32, direction: Direction, key: Key) {
        self.now_ns += CALL_COST_NS;
        let old = self.peer(id).operations[direction as usize].replace(key);
        assert!(old.is_none(), "a second operation while one is outstanding");
        self.outstanding += 1;
        self.started += 1;
    }

    fn cancel(&mut self, id: u32, direction: Direction) {
        self.now_ns += CALL_COST_NS;
        let old = self.peer(id).operations[direction as usize].take();
        assert!(old.is_some(), "a cancel with nothing outstanding");
        self.outstanding -= 1;
    }

    fn begin_wait(&mut self) -> io::Result<Option<Fault>> {
        self.waits += 1;
        assert!(self.waits < MAX_WAITS, "the selector spins");
        self.now_ns += CALL_COST_NS;
        if let Some(kind) = self.fails.take() {
            return Err(kind.into());
        }
        match self.faults.of_wait(&mut self.now_ns) {
            Some(Fault::Error(which)) => Err(error(which)),
            fault => Ok(fault),
        }
    }

    /// Takes the operations that are complete.
    fn complete(&mut self, room: usize, fault: Option<Fault>) -> Vec<(Key, Direction)> {
        let mut complete = Vec::new();
        let mut ids: Vec<u32> = self.peers.keys().copied().collect();
        // In turn, as a queue would.
        ids.sort_unstable_by_key(|id| (*id <= self.last, *id));
        for id in ids {
            for direction in Direction::BOTH {
                let is_complete =
                    self.is_ready(id, direction) || fault == Some(Fault::Spurious(id));
                if complete.len() < room && is_complete {
                    let operation = self.peer(id).operations[direction as usize].take();
                    self.outstanding -= usize::from(operation.is_some());
                    complete.extend(operation.map(|key| (key, direction)));
                    self.last = id;
                }
            }
        }
        complete
    }

    fn take_due(&mut self) -> Option<Box<dyn FnOnce() + Send>> {
        while let Some(entry) = self.script.first_entry() {
            if entry.key().0 > self.now_ns {
                break;
            }
            match entry.remove() {
                Happening::Run(run) => return Some(run),
                Happening::Bytes(id, bytes) => {
                    if let Some(peer) = self.peers.get_mut(&id) {
                        peer.pending += bytes;
                    }
                }
            }
        }
        None
    }

    fn move_on(&mut self, until: Until) {
        let end_ns = match until {
            Until::At(at_ns) => Some(at_ns),
            // A set with nothing in it traps.
            _ if self.outstanding == 0 => panic!("a wait with nothing outstanding"),
            _ => None,
        };
        let next_ns = self.script.keys().next().map(|key| key.0);
        let next_ns = next_ns.into_iter().chain(end_ns).min();
        self.now_ns = next_ns.expect("the host waits forever");
    }
}

/// A source by its name, which stands for a descriptor.
#[derive(Copy, Clone, Debug)]
pub(super) struct Name(u32);

pub(super) fn raw(id: u32) -> RawDescriptor {
    RawDescriptor::try_from(id).unwrap()
}

impl Source for Name {
    fn descriptor(&self) -> Option<RawDescriptor> {
        Some(raw(self.0))
    }
}

/// Whether an operation is outstanding.
type IsBusy = bool;

pub(super) struct Completions(Host);

impl Backend for Completions {
    const NAME: &'static str = "completions";

    type Source = Name;
    type Slot = IsBusy;
    type Locked = ();
    /// What is complete since the last update: if it is still armed then, the next operation starts.
    type Wait = Vec<(Key, Direction)>;
    type Ready = (Key, Direction);

    fn new(_: Config) -> io::Result<(Self, Self::Wait)> {
        let host = NEXT.with_borrow(|next| next.clone().expect("no world yet"));
        Ok((Self(host), Vec::new()))
    }

    fn now_ns(&self) -> u64 {
        let mut world = self.0.lock();
        world.now_ns += 30;
        world.now_ns
    }

    fn notify(&self) -> io::Result<()> {
        self.0.lock().is_notified = true;
        Ok(())
    }

    fn source(&self, _: &mut State<Self>, descriptor: RawDescriptor) -> io::Result<(Name, Waits)> {
        let id = u32::try_from(descriptor).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut world = self.0.lock();
        if let Some(which) = world.faults.of_call() {
            return Err(error(which));
        }
        let peer = world.peers.get(&id).ok_or(io::ErrorKind::InvalidInput)?;
        let waits = if peer.is_file {
            Waits::AlwaysReady
        } else {
            Waits::Host
        };
        Ok((Name(id), waits))
    }

    fn update(&self, complete: &mut Self::Wait, state: &mut State<Self>) {
        let registrations = &mut state.registrations;
        let mut world = self.0.lock();
        while let Some(change) = registrations.next_change() {
            // What is gone was cancelled when it went.
            if change.key.generation == 0 {
                continue;
            }
            for direction in Direction::BOTH {
                let is_busy = registrations.slot_at(change.key.index, direction).unwrap();
                let is_armed = change.armed.contains(direction);
                match (is_armed, *is_busy) {
                    (true, false) => world.start(change.source.0, direction, change.key),
                    (false, true) => world.cancel(change.source.0, direction),
                    _ => {}
                }
                *is_busy = is_armed;
            }
        }
        for (key, direction) in complete.drain(..) {
            if let Some(mut one) = registrations.get_mut(key)
                && one.registration.armed.contains(direction)
                && !std::mem::replace(one.slot(direction), true)
            {
                world.start(one.registration.source.0, direction, key);
            }
        }
    }

    fn wait(call: WaitCall<'_, Self>) -> io::Result<()> {
        let complete = call.shared.backend.0.wait(call.until, call.room)?;
        let mut state = call.shared.lock();
        for (key, direction) in complete {
            if let Some(mut one) = state.registrations.get_mut(key) {
                *one.slot(direction) = false;
            }
            call.host.push((key, direction));
            call.ready.push((key, direction));
        }
        Ok(())
    }

    fn report(&self, &(key, direction): &Self::Ready) -> Option<Report> {
        let directions = Directions::one(direction);
        Some(Report {
            key,
            directions,
            readiness: directions.to_readiness(),
            failure: None,
            record: Record::LOCAL,
        })
    }

    /// At once: the source may go next.
    fn deregister(&self, source: Name, _: Waits) {
        let mut world = self.0.lock();
        for direction in Direction::BOTH {
            if world.peer(source.0).operations[direction as usize].is_some() {
                world.cancel(source.0, direction);
            }
        }
    }
}

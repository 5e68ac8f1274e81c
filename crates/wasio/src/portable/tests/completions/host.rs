//! The host of completions: peers, the operation in flight in each direction of each, and a script of
//! what will happen.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::portable::tests::model::{Fault, Faults};
use crate::portable::{Direction, Until};

const CALL_COST_NS: u64 = 1_000;
const MAX_WAITS: u64 = 400_000;

pub(crate) enum Happening {
    Bytes(u32, u64),
    Run(Box<dyn FnOnce() + Send>),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Peer {
    pub(crate) pending: u64,
    pub(crate) room: bool,
    pub(crate) ended: bool,
    pub(crate) failed: bool,
    /// It never blocks, and has no operations.
    pub(crate) is_file: bool,
    /// Whether an operation is outstanding, in each direction.
    operations: [bool; 2],
}

pub(crate) struct World {
    pub(crate) now_ns: u64,
    pub(crate) peers: HashMap<u32, Peer>,
    script: BTreeMap<(u64, u64), Happening>,
    scripted: u64,
    outstanding: usize,
    /// Where the last answer ended.
    last: u32,
    pub(crate) waits: u64,
    pub(crate) started: u64,
    /// Whether a wait is to end.
    is_notified: bool,
    /// The error of the next wait.
    pub(crate) fails: Option<io::ErrorKind>,
    /// What goes wrong in the next waits.
    pub(crate) faults: Faults,
}

/// The errors of faults.
pub(crate) const ERRORS: [io::ErrorKind; 4] = [
    io::ErrorKind::Other,
    io::ErrorKind::Interrupted,
    io::ErrorKind::OutOfMemory,
    io::ErrorKind::InvalidInput,
];

pub(super) fn error(which: u8) -> io::Error {
    ERRORS[usize::from(which) % ERRORS.len()].into()
}

#[derive(Clone)]
pub(crate) struct Host(Arc<Mutex<World>>);

thread_local! {
    static LAST: RefCell<Option<Host>> = const { RefCell::new(None) };
}

impl Host {
    pub(crate) fn new() -> Self {
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
            faults: Faults::new(),
        })));
        LAST.set(Some(host.clone()));
        host
    }

    /// The one that was made last.
    pub(super) fn last() -> Self {
        LAST.with_borrow(|next| next.clone().expect("no world yet"))
    }

    /// Ends the wait of another thread, or else the next one.
    pub(super) fn notify(&self) {
        self.lock().is_notified = true;
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, World> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until an operation is complete. Returns the complete ones, at most `room`.
    pub(super) fn wait(&self, until: Until, room: usize) -> io::Result<Vec<(u32, Direction)>> {
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
    pub(crate) fn open(&mut self, id: u32) -> &mut Peer {
        self.peers
            .entry(id)
            .insert_entry(Peer::default())
            .into_mut()
    }

    pub(crate) fn close(&mut self, id: u32) {
        let peer = self.peers.remove(&id).expect("an open source");
        let is_idle = peer.operations == [false; 2];
        assert!(is_idle, "a source goes while an operation is outstanding");
    }

    pub(crate) fn peer(&mut self, id: u32) -> &mut Peer {
        self.peers.get_mut(&id).expect("an open source")
    }

    pub(crate) fn is_expecting(&self) -> bool {
        !self.script.is_empty()
    }

    pub(crate) const fn outstanding(&self) -> usize {
        self.outstanding
    }

    pub(crate) fn after(&mut self, delay_ns: u64, happening: Happening) {
        self.scripted += 1;
        let at_ns = self.now_ns + delay_ns;
        self.script.insert((at_ns, self.scripted), happening);
    }

    pub(crate) fn is_ready(&self, id: u32, direction: Direction) -> bool {
        let peer = &self.peers[&id];
        match direction {
            _ if peer.is_file => true,
            _ if peer.failed => true,
            Direction::Read => peer.pending > 0 || peer.ended,
            Direction::Write => peer.room,
        }
    }

    pub(super) fn start(&mut self, id: u32, direction: Direction) {
        self.now_ns += CALL_COST_NS;
        let is_outstanding = &mut self.peer(id).operations[direction as usize];
        let was_outstanding = std::mem::replace(is_outstanding, true);
        assert!(
            !was_outstanding,
            "a second operation while one is outstanding"
        );
        self.outstanding += 1;
        self.started += 1;
    }

    pub(super) fn cancel(&mut self, id: u32, direction: Direction) {
        self.now_ns += CALL_COST_NS;
        let was_outstanding = std::mem::take(&mut self.peer(id).operations[direction as usize]);
        assert!(was_outstanding, "a cancel with nothing outstanding");
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
    fn complete(&mut self, room: usize, fault: Option<Fault>) -> Vec<(u32, Direction)> {
        let mut complete = Vec::new();
        let mut ids: Vec<u32> = self.peers.keys().copied().collect();
        // In turn, as a queue would.
        ids.sort_unstable_by_key(|id| (*id <= self.last, *id));
        for id in ids {
            for direction in Direction::BOTH {
                let is_complete =
                    self.is_ready(id, direction) || fault == Some(Fault::Spurious(id));
                let is_outstanding = &mut self.peer(id).operations[direction as usize];
                if complete.len() < room && is_complete && std::mem::take(is_outstanding) {
                    complete.push((id, direction));
                    self.outstanding -= 1;
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

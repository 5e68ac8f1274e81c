//! The scripted host: handles, one operation for each, things that will happen to the peers of
//! streams, and a virtual clock that calls and waits move on.
//!
//! A misuse that ends a guest of a real host is noted here, and the next look at the host fails the
//! test ([`Host::check`]).

mod ends;
mod waits;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use self::ends::Failing;
use super::imports::Memory;
use super::peer::Peer;
use super::rules::{PLAIN, Rules};
use crate::lock::Lock;
use crate::portable::tests::faults::Faults;

pub(super) const MS: u64 = 1_000_000;
const CALL_COST_NS: u64 = 1_000;
/// A test that waits so often spins.
const MOST_WAITS: u64 = 400_000;

const BLOCKED: u32 = u32::MAX;
const COMPLETED: u32 = 0;
const DROPPED: u32 = 1;
const CANCELLED: u32 = 2;
/// Of subtasks.
const SUBTASK: u32 = 1;
const STARTING: u32 = 0;
const STARTED: u32 = 1;
const RETURNED: u32 = 2;
const CANCELLED_CALL: u32 = 4;

/// The host of this process, as a program has one. [`Rig`](super::rig::Rig) gives it to one test at a
/// time.
pub(super) static HOST: Lock<Host> = Lock::new(Host::new());

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Set,
    /// A stream of this peer to read from, its future, and a stream to write to.
    Input(u32),
    End(u32),
    Output(u32),
    /// The readable end of a new stream, until it is handed over.
    Loose,
    Clock(u64),
}

impl Kind {
    /// The kind of its events.
    const fn of_event(self) -> u32 {
        const STREAM_READ: u32 = 2;
        const STREAM_WRITE: u32 = 3;
        const FUTURE_READ: u32 = 4;
        match self {
            Self::Clock(_) => SUBTASK,
            Self::Output(_) => STREAM_WRITE,
            Self::End(_) => FUTURE_READ,
            Self::Set | Self::Input(_) | Self::Loose => STREAM_READ,
        }
    }
}

#[derive(Debug)]
struct Handle {
    kind: Kind,
    set: Option<u32>,
    /// The memory of the operation in flight.
    operation: Option<Memory>,
    /// How that goes wrong.
    failing: Failing,
    /// How the operation has ended, until the program takes that.
    event: Option<u32>,
    /// Whether an event has reported the end. The program must not start another operation then.
    is_over: bool,
}

pub(super) struct Host {
    pub(super) rules: Rules,
    pub(super) now_ns: u64,
    waits: u64,
    /// All calls but those of the clock.
    pub(super) calls: u64,
    pub(super) cancels: u64,
    /// By number, from 1 on. One that goes is used again at once.
    handles: Vec<Option<Handle>>,
    free: Vec<u32>,
    /// How many have an operation in flight.
    busy: usize,
    /// Whose operation may end when the host runs, and the calls of the clock.
    changed: Vec<u32>,
    clocks: BTreeSet<u32>,
    /// The calls of the clock that have not started.
    starting: Vec<u32>,
    events: VecDeque<u32>,
    /// Whose next operation a late cancel ends.
    cancelled: Vec<u32>,
    /// The numbers of calls whose cancel is told late, when they are used again.
    cancelled_calls: Vec<u32>,
    /// What goes wrong in the calls to come.
    pub(super) faults: Faults,
    pub(super) peers: BTreeMap<u32, Peer>,
    /// The peer of the streams that are opened next.
    pub(super) next_peer: u32,
    script: BTreeMap<(u64, u64), (u32, u64)>,
    scripted: u64,
    misuse: Option<&'static str>,
}

impl Host {
    const fn new() -> Self {
        Self {
            rules: PLAIN,
            now_ns: 1_000_000_000,
            waits: 0,
            calls: 0,
            cancels: 0,
            handles: Vec::new(),
            free: Vec::new(),
            busy: 0,
            changed: Vec::new(),
            clocks: BTreeSet::new(),
            starting: Vec::new(),
            events: VecDeque::new(),
            cancelled: Vec::new(),
            cancelled_calls: Vec::new(),
            faults: Faults::new(),
            peers: BTreeMap::new(),
            next_peer: 0,
            script: BTreeMap::new(),
            scripted: 0,
            misuse: None,
        }
    }

    /// Begins a test.
    pub(super) fn begin(&mut self, rules: Rules) {
        self.rules = rules;
        self.waits = 0;
        self.faults = Faults::new();
        self.peers.clear();
        self.script.clear();
        self.misuse = None;
        self.cancelled_calls.clear();
        // What another test has used is not gone through again and again.
        let used = self.handles.iter().rposition(Option::is_some);
        let used = used.map_or(0, |index| index + 1);
        self.handles.truncate(used);
        self.free.retain(|number| *number as usize <= used);
    }

    /// # Panics
    /// If there was a misuse.
    pub(super) fn check(&self) {
        if let Some(misuse) = self.misuse {
            panic!("{}: the host ends the program: {misuse}", self.rules.name);
        }
    }

    /// The misuse that there was, which is no failure then.
    pub(super) fn take_misuse(&mut self) -> Option<&'static str> {
        self.misuse.take()
    }

    /// The handles of everything but the program's set.
    pub(super) fn open_handles(&self) -> usize {
        let open = self.handles.iter().flatten();
        open.filter(|one| one.kind != Kind::Set).count()
    }

    /// The operations in flight.
    pub(super) fn in_flight(&self) -> usize {
        self.busy
    }

    /// The memory of the reads in flight of streams.
    pub(super) fn bytes_to_read_into(&self) -> usize {
        let handles = self.handles.iter().flatten();
        let inputs = handles.filter(|one| matches!(one.kind, Kind::Input(_)));
        inputs
            .filter_map(|one| Some(one.operation.as_ref()?.len))
            .sum()
    }

    /// Has `bytes` bytes of a peer arrive after a delay.
    pub(super) fn after(&mut self, delay_ns: u64, peer: u32, bytes: u64) {
        self.scripted += 1;
        let at = (self.now_ns + delay_ns, self.scripted);
        self.script.insert(at, (peer, bytes));
    }

    /// Whether something was sent that has not arrived.
    pub(super) fn is_expecting(&self) -> bool {
        !self.script.is_empty()
    }

    /// Changes a peer, which may end operations.
    pub(super) fn change(&mut self, peer: u32, change: impl FnOnce(&mut Peer)) {
        // What is gone does nothing.
        if let Some(peer) = self.peers.get_mut(&peer) {
            change(peer);
            self.changed.extend(&peer.handles);
        }
    }

    fn trap(&mut self, misuse: &'static str) {
        self.misuse.get_or_insert(misuse);
    }

    fn count_call(&mut self) {
        self.calls += 1;
        self.now_ns += CALL_COST_NS;
    }

    fn open(&mut self, kind: Kind) -> u32 {
        let number = self.new_handle(kind);
        if let Kind::Input(peer) | Kind::End(peer) | Kind::Output(peer) = kind {
            let peer = self.peers.entry(peer).or_default();
            peer.handles.push(number);
        }
        number
    }

    fn new_handle(&mut self, kind: Kind) -> u32 {
        let handle = Handle {
            kind,
            set: None,
            operation: None,
            failing: Failing::NONE,
            event: None,
            is_over: false,
        };
        let number = self.free.pop().unwrap_or_else(|| {
            self.handles.push(None);
            u32::try_from(self.handles.len()).expect("few handles")
        });
        self.handles[number as usize - 1] = Some(handle);
        number
    }

    fn handle(&mut self, number: u32) -> Option<&mut Handle> {
        let index = (number as usize).checked_sub(1)?;
        self.handles.get_mut(index)?.as_mut()
    }

    fn is_member(&self, number: u32, set: u32) -> bool {
        let one = self.handles[number as usize - 1].as_ref();
        one.is_some_and(|one| one.set == Some(set))
    }

    /// Nothing is in flight from here on.
    fn end_operation(&mut self, number: u32) {
        let ended = self.handle(number).and_then(|one| one.operation.take());
        if ended.is_some() {
            self.busy -= 1;
            self.clocks.remove(&number);
        }
    }

    /// Starts an operation. Returns how it has ended, or that it has not.
    pub(super) fn start(&mut self, number: u32, memory: Memory) -> u32 {
        self.count_call();
        let failing = Failing::of_call(&mut self.faults);
        let misuse = match self.handle(number) {
            None => Some("an operation of what is gone"),
            Some(one) if one.is_busy() => Some("a second operation while one is in flight"),
            Some(one) if one.is_over => Some("an operation after the end"),
            Some(one) => {
                (one.operation, one.failing) = (Some(memory), failing);
                None
            }
        };
        if let Some(misuse) = misuse {
            self.trap(misuse);
            return BLOCKED;
        }
        self.busy += 1;
        self.changed.push(number);
        if !self.rules.ends_at_once {
            return BLOCKED;
        }
        let code = self.end_of(number);
        if code.is_some() {
            self.end_operation(number);
        }
        code.unwrap_or(BLOCKED)
    }

    /// Cancels what is in flight. Returns how it has ended.
    pub(super) fn cancel(&mut self, number: u32) -> u32 {
        self.count_call();
        self.cancels += 1;
        match self.handle(number) {
            None => self.trap("a cancel of what is gone"),
            Some(one) if one.set.is_some() => self.trap("a cancel inside of a set"),
            Some(one) if !one.is_busy() => self.trap("a cancel with nothing in flight"),
            Some(_) => {}
        }
        if self.rules.runs_at_cancel {
            self.run();
        }
        self.events.retain(|event| *event != number);
        let moved = (self.rules.cancel_moves)
            .then(|| self.end_of(number))
            .flatten();
        self.end_operation(number);
        let Some(one) = self.handle(number) else {
            return CANCELLED;
        };
        let is_call = matches!(one.kind, Kind::Clock(_));
        let code = match (
            one.event
                .take()
                .filter(|code| !is_call || *code == RETURNED),
            moved,
        ) {
            (Some(code), _) => code,
            (None, Some(code)) if is_call || code & 15 != COMPLETED => code,
            // It was cancelled, and has moved something.
            (None, Some(code)) => code | CANCELLED,
            (None, None) if is_call => CANCELLED_CALL,
            (None, None) => CANCELLED,
        };
        if self.rules.cancels_late && !is_call {
            self.cancelled.push(number);
        } else if self.rules.cancels_late && code == CANCELLED_CALL {
            self.cancelled_calls.push(number);
        }
        code
    }

    pub(super) fn drop_handle(&mut self, number: u32) {
        match self.handle(number) {
            None => return self.trap("a drop of what is gone"),
            Some(one) if one.set.is_some() => self.trap("a drop inside of a set"),
            Some(one) if one.is_busy() => self.trap("a drop while an operation is in flight"),
            Some(_) => {}
        }
        self.end_operation(number);
        if let Some(one) = self.handles[number as usize - 1].take()
            && let Kind::Input(peer) | Kind::End(peer) | Kind::Output(peer) = one.kind
            && let Some(peer) = self.peers.get_mut(&peer)
        {
            peer.handles.retain(|handle| *handle != number);
        }
        self.events.retain(|event| *event != number);
        self.cancelled.retain(|stream| *stream != number);
        self.starting.retain(|call| *call != number);
        self.free.push(number);
    }

    pub(super) fn wait_until(&mut self, at_ns: u64) -> u32 {
        let at_ns = at_ns.saturating_sub(self.rules.clock_early_ns);
        if at_ns <= self.now_ns {
            return RETURNED;
        }
        let number = self.open(Kind::Clock(at_ns));
        if let Some(one) = self.handle(number) {
            one.operation = Some(Memory::none());
        }
        self.busy += 1;
        self.clocks.insert(number);
        if self.rules.starts_late {
            self.starting.push(number);
            return number << 4 | STARTING;
        }
        number << 4 | STARTED
    }

    pub(super) fn new_input(&mut self) -> [u32; 2] {
        let peer = self.next_peer;
        self.peers.entry(peer).or_default();
        [self.open(Kind::Input(peer)), self.open(Kind::End(peer))]
    }

    pub(super) fn new_stream(&mut self) -> u64 {
        let readable = self.open(Kind::Loose);
        let writable = self.open(Kind::Output(self.next_peer));
        u64::from(writable) << 32 | u64::from(readable)
    }

    /// Takes the readable end of a new stream. Returns the future of how it ends.
    pub(super) fn hand_over(&mut self, readable: u32) -> u32 {
        match self.handle(readable) {
            Some(one) if one.kind == Kind::Loose => self.drop_handle(readable),
            _ => self.trap("what is no new stream is handed over"),
        }
        self.open(Kind::End(self.next_peer))
    }
}

impl Handle {
    const fn is_busy(&self) -> bool {
        self.operation.is_some() || self.event.is_some()
    }
}

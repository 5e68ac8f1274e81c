//! Random programs on random hosts, against a model that knows what is registered and armed, and
//! asks the scripted world what is ready. Every backend runs it, by implementing [`World`].
//!
//! What it claims: nothing that is armed and ready is lost; nothing is reported that is not armed,
//! not there (on an honest host), or gone; no wait and no timer ends early, and none late by more
//! than the host explains.

mod run;

use proptest::prelude::*;

use self::run::Model;
use crate::io_outcome::IoOutcome;
use crate::portable::{Backend, Direction, Key, Selector};
use crate::{Interest, Mode, Token};

pub(crate) const MS: u64 = 1_000_000;
/// The names of sources: from 3 on, as descriptors have them.
pub(crate) const SOURCES: u32 = 24;
/// Room for whatever there is.
const AMPLE: usize = 1024;

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Stream,
    Listener,
    File,
}

/// A scripted host with its sources, in virtual time.
pub(crate) trait World {
    type Backend: Backend;

    /// Whether two selectors may wait for the same source.
    const FORKS: bool = true;

    fn name(&self) -> &'static str;

    /// Makes a source and registers it.
    fn open(
        &mut self,
        selector: &Selector<Self::Backend>,
        source: (u32, Kind),
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> Key;

    /// A source is registered a second time: checks that it is refused.
    fn open_again(&mut self, selector: &Selector<Self::Backend>, id: u32);

    /// The source goes; it was deregistered.
    fn close(&mut self, id: u32);

    fn arrive(&mut self, id: u32, bytes: u64, after_ns: u64);
    fn set_room(&mut self, id: u32, room: bool);
    fn fail(&mut self, id: u32, reset: bool);

    /// Reads all there is or else one byte, and writes.
    fn read(&mut self, id: u32, all: bool) -> IoOutcome;
    fn write(&mut self, id: u32) -> IoOutcome;

    /// The next call of the host fails, if such calls can.
    fn fail_next_call(&mut self);

    /// Whether an error of `select` is due to that.
    fn explains(&self, _error: &std::io::Error) -> bool {
        false
    }

    /// Whether a source is ready, as the peers see it.
    fn is_ready(&self, id: u32, direction: Direction) -> bool;

    /// Whether the host says nothing of a source although it is ready.
    fn is_silent(&self, _id: u32) -> bool {
        false
    }

    /// Whether the host has no event without a reason, and whether each event says what is.
    fn is_honest(&self) -> bool;
    fn is_exact(&self) -> bool {
        self.is_honest()
    }

    /// What the host can do of an interest.
    fn supported(&self, interest: Interest) -> Interest {
        interest
    }

    fn now_ns(&self) -> u64;

    /// What the selector's clock shows.
    fn clock_ns(&self) -> u64 {
        self.now_ns()
    }

    /// The calls of the host so far.
    fn calls(&self) -> u64;

    /// By how much a wait of this number of calls may be too long, and any wait too short.
    fn slack_ns(&self, calls: u64) -> u64;
    fn early_ns(&self) -> u64 {
        0
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Op {
    Open {
        id: u32,
        kind: u8,
        interest: u8,
        mode: u8,
    },
    Reregister {
        id: u32,
        interest: u8,
        mode: u8,
    },
    Close {
        id: u32,
    },
    Arrive {
        id: u32,
        bytes: u64,
        after_ns: u64,
    },
    Room {
        id: u32,
        room: bool,
    },
    Fail {
        id: u32,
        reset: bool,
    },
    Read {
        id: u32,
        all: bool,
    },
    Write {
        id: u32,
    },
    Wake,
    Timer {
        id: usize,
        after_ns: u64,
        period_ns: u64,
    },
    Select {
        timeout_ns: u64,
        ample: bool,
    },
    Fault,
    Fork,
    Settle,
}

fn op() -> impl Strategy<Value = Op> {
    let id = 3..3 + SOURCES;
    let delay = prop_oneof![Just(0), 1..3 * MS, 1..80 * MS];
    let timeout = prop_oneof![Just(0), 1..2 * MS, Just(20 * MS), 1..90 * MS];
    let period = prop_oneof![3 => Just(0), 1 => MS..30 * MS];
    prop_oneof![
        8 => (id.clone(), 0..8u8, 1..4u8, 0..3u8)
            .prop_map(|(id, kind, interest, mode)| Op::Open { id, kind, interest, mode }),
        4 => (id.clone(), 1..4u8, 0..3u8)
            .prop_map(|(id, interest, mode)| Op::Reregister { id, interest, mode }),
        4 => id.clone().prop_map(|id| Op::Close { id }),
        12 => (id.clone(), prop_oneof![Just(1), 2..9000u64], delay.clone())
            .prop_map(|(id, bytes, after_ns)| Op::Arrive { id, bytes, after_ns }),
        4 => (id.clone(), any::<bool>()).prop_map(|(id, room)| Op::Room { id, room }),
        2 => (id.clone(), any::<bool>()).prop_map(|(id, reset)| Op::Fail { id, reset }),
        4 => (id.clone(), any::<bool>()).prop_map(|(id, all)| Op::Read { id, all }),
        3 => id.prop_map(|id| Op::Write { id }),
        2 => Just(Op::Wake),
        4 => (0..4usize, delay, period)
            .prop_map(|(id, after_ns, period_ns)| Op::Timer { id, after_ns, period_ns }),
        10 => (timeout, any::<bool>())
            .prop_map(|(timeout_ns, ample)| Op::Select { timeout_ns, ample }),
        1 => Just(Op::Fork),
        1 => Just(Op::Fault),
        4 => Just(Op::Settle),
    ]
}

/// A program: the room for events, whether it has timers, and what it does.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    room: usize,
    with_timers: bool,
    ops: Vec<Op>,
}

pub(crate) fn program() -> impl Strategy<Value = Program> {
    let room = prop_oneof![Just(1_usize), 2..6_usize, Just(AMPLE)];
    let ops = proptest::collection::vec(op(), 1..60);
    (room, any::<bool>(), ops).prop_map(|(room, with_timers, ops)| Program {
        room,
        with_timers,
        ops,
    })
}

impl Program {
    pub(crate) const fn new(room: usize, ops: Vec<Op>) -> Self {
        Self {
            room,
            with_timers: false,
            ops,
        }
    }

    pub(crate) fn run<W: World>(&self, world: W) {
        let mut model = Model::new(world, self.room, self.with_timers);
        for op in &self.ops {
            model.run(op);
        }
        model.settle();
    }
}

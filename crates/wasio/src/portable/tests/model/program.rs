//! What a random program does and what goes wrong meanwhile, as plain data.

use super::Fault;
use super::run::Model;
use super::{Kind, World};
use crate::portable::Direction;
use crate::{Interest, Mode};

/// Room for whatever there is.
pub(super) const AMPLE: usize = 1024;

/// How an operation on a source goes.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// It moves all that can be moved.
    All,
    /// It moves as much as the caller has room for, which is one byte.
    One,
    /// It moves one byte although there is more, and room for it.
    Short,
    /// It shows what is there and leaves it.
    Peek,
    /// It would block, whatever the source was reported for.
    Blocked,
    /// It fails, and the next one may succeed.
    Fails,
}

impl How {
    pub(super) const ALL: [Self; 6] = [
        Self::All,
        Self::One,
        Self::Short,
        Self::Peek,
        Self::Blocked,
        Self::Fails,
    ];
}

#[derive(Copy, Clone, Debug)]
pub(crate) enum Op {
    /// Opens a source unless it is open, and registers it.
    Register {
        id: u32,
        kind: Kind,
        interest: Interest,
        mode: Mode,
    },
    /// Under another token.
    Reregister {
        id: u32,
        interest: Interest,
        mode: Mode,
    },
    /// The source stays open.
    Deregister {
        id: u32,
    },
    /// The source is deregistered, and goes.
    Close {
        id: u32,
    },
    /// Bytes come from the peer, or connections.
    Arrive {
        id: u32,
        bytes: u64,
        after_ns: u64,
    },
    /// Whether the peer takes more.
    Room {
        id: u32,
        room: bool,
    },
    /// The peer ends the stream or resets it.
    End {
        id: u32,
        resets: bool,
    },
    Io {
        id: u32,
        direction: Direction,
        how: How,
    },
    /// At once, or during a wait if the host has other threads.
    Wake {
        after_ns: u64,
    },
    /// Sets a timer, or cancels it.
    Timer {
        id: usize,
        after_ns: Option<u64>,
        period_ns: u64,
    },
    DropTimer {
        id: usize,
    },
    Select {
        timeout: Timeout,
        room: usize,
    },
    Fault(Fault),
    /// Forks the selector, has the fork and then the selector report everything, and drops the fork.
    Fork,
    /// Selects until all that is ready was reported, some times, while operations find nothing.
    FindNothing,
    /// Selects until all that is ready was reported. What is reported is drained or stays ready, and
    /// the program wakes itself before each poll or does not.
    Settle {
        drains: bool,
        wakes: bool,
    },
}

/// The most frequent ones, for programs that are written by hand.
#[cfg(test)]
impl Op {
    pub(crate) const SETTLE: Self = Self::Settle {
        drains: true,
        wakes: false,
    };

    pub(crate) const fn open(id: u32, kind: Kind, interest: Interest, mode: Mode) -> Self {
        Self::Register {
            id,
            kind,
            interest,
            mode,
        }
    }

    pub(crate) const fn end(id: u32) -> Self {
        Self::End { id, resets: false }
    }

    pub(crate) const fn reset(id: u32) -> Self {
        Self::End { id, resets: true }
    }
}

#[derive(Copy, Clone, Debug)]
pub(crate) enum Timeout {
    Ns(u64),
    /// The longest there is, which only an event ends: waits so only if there will be one.
    Longest,
    /// None at all, here too.
    Never,
}

/// A program: the room for events, and what it does.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(super) room: usize,
    pub(super) ops: Vec<Op>,
}

impl Program {
    #[cfg(test)]
    pub(crate) fn new(room: usize, ops: &[Op]) -> Self {
        let ops = ops.to_vec();
        Self { room, ops }
    }

    pub(crate) fn run<W: World>(&self, world: W) {
        let mut model = Model::new(world, self.room);
        for op in &self.ops {
            model.run(*op);
        }
        model.finish();
    }
}

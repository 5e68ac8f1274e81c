//! How hosts differ, as data. Read from their sources or measured.

#[derive(Copy, Clone, Debug)]
pub(super) struct Rules {
    pub(super) name: &'static str,
    /// An operation that can end ends in the call that starts it.
    pub(super) ends_at_once: bool,
    /// A write takes half of what it is given.
    pub(super) takes_half: bool,
    /// A write ends with nothing.
    pub(super) takes_nothing: bool,
    /// The last bytes of a stream and its end are one event.
    pub(super) ends_with_bytes: bool,
    /// A cancel lets the host run first, so that the operation may have ended.
    pub(super) runs_at_cancel: bool,
    /// A cancel moves what is there.
    pub(super) cancel_moves: bool,
    /// A cancel of a stream or a future ends the next operation too, with nothing. That of a call
    /// is told by an event when its number is used again.
    pub(super) cancels_late: bool,
    /// A read of a stream that has nothing ends with that.
    pub(super) reads_nothing: bool,
    /// A call starts when the host runs, and says so by an event.
    pub(super) starts_late: bool,
    /// A call that is to end a wait ends so much too early.
    pub(super) clock_early_ns: u64,
}

impl Rules {
    /// How much a write of `len` bytes takes.
    pub(super) fn taken_of(&self, len: usize) -> usize {
        if self.takes_nothing {
            0
        } else if self.takes_half {
            len.div_ceil(2)
        } else {
            len
        }
    }
}

/// Nothing ends before the host has run, and every event says one thing.
pub(super) const PLAIN: Rules = Rules {
    name: "plain",
    ends_at_once: false,
    takes_half: false,
    takes_nothing: false,
    ends_with_bytes: false,
    runs_at_cancel: false,
    cancel_moves: false,
    cancels_late: false,
    reads_nothing: false,
    starts_late: false,
    clock_early_ns: 0,
};

pub(super) const WASMTIME: Rules = Rules {
    name: "wasmtime",
    ends_at_once: true,
    runs_at_cancel: true,
    cancel_moves: true,
    ..PLAIN
};

pub(super) const JCO: Rules = Rules {
    name: "jco",
    takes_half: true,
    ends_with_bytes: true,
    clock_early_ns: 900_000,
    ..PLAIN
};

pub(super) const HASTY: Rules = Rules {
    name: "hasty",
    ends_at_once: true,
    takes_half: true,
    ends_with_bytes: true,
    runs_at_cancel: true,
    cancel_moves: true,
    ..PLAIN
};

/// jco cancels by a timer. Where data ends a read before the timer fires, the cancel returns the
/// data, and the timer ends the read that is in flight by then. No host is known to start calls
/// late.
pub(super) const LATE: Rules = Rules {
    name: "late",
    cancel_moves: true,
    cancels_late: true,
    starts_late: true,
    ..JCO
};

pub(super) const ALL: [Rules; 5] = [PLAIN, WASMTIME, JCO, HASTY, LATE];

//! How hosts differ, as data. Read from their sources or measured.

use super::host::MS;

#[derive(Copy, Clone, Debug)]
pub(super) struct Rules {
    pub(super) name: &'static str,
    pub(super) call_cost_ns: u64,
    pub(super) pollable_cost_ns: u64,
    /// The pollables of a call that are polled before it starts again from the first.
    pub(super) polled_at_once: usize,
    /// The calls that it answers until the guest is suspended: to each source that is ready, and to each
    /// operation.
    pub(super) answers: u32,
    /// Reports a pollable as ready the first time it is polled.
    pub(super) ready_at_first: bool,
    /// Reports all sources of a call when any is ready.
    pub(super) over_reports: bool,
    /// By how much a clock is ready too late.
    pub(super) clock_late_ns: u64,
    /// A clock that is further away is ready after a millisecond.
    pub(super) farthest_clock_ns: u64,
    /// A call takes 5 to 50 ms longer now and then.
    pub(super) stalls: bool,
    /// The clock stands still for so long at a time.
    pub(super) clock_step_ns: u64,
    /// The clock goes back a little now and then.
    pub(super) clock_goes_back: bool,
}

/// A host as the specification says it is.
pub(super) const EXACT: Rules = Rules {
    name: "exact",
    call_cost_ns: 1_000,
    pollable_cost_ns: 350,
    polled_at_once: usize::MAX,
    answers: u32::MAX,
    ready_at_first: false,
    over_reports: false,
    clock_late_ns: 0,
    farthest_clock_ns: u64::MAX,
    stalls: false,
    clock_step_ns: 1,
    clock_goes_back: false,
};

/// wasmtime: the budget of a tokio task is 128 polls.
pub(super) const WASMTIME: Rules = Rules {
    name: "wasmtime",
    polled_at_once: 128,
    answers: 128,
    clock_late_ns: MS,
    ..EXACT
};

/// jco: `setTimeout` counts milliseconds in 31 bits.
pub(super) const JCO: Rules = Rules {
    name: "jco",
    farthest_clock_ns: (1 << 31) * MS,
    clock_late_ns: MS,
    ..EXACT
};

pub(super) const READY_AT_FIRST: Rules = Rules {
    name: "ready at first",
    ready_at_first: true,
    ..EXACT
};

pub(super) const OVER_REPORTS: Rules = Rules {
    name: "over-reports",
    over_reports: true,
    ..EXACT
};

pub(super) const LATE: Rules = Rules {
    name: "late clocks",
    clock_late_ns: 10 * MS,
    ..EXACT
};

pub(super) const STALLS: Rules = Rules {
    name: "stalls",
    stalls: true,
    ..WASMTIME
};

pub(super) const CLOCK_STANDS_STILL: Rules = Rules {
    name: "clock that stands still",
    clock_step_ns: 16 * MS,
    ..EXACT
};

pub(super) const CLOCK_GOES_BACK: Rules = Rules {
    name: "clock that goes back",
    clock_goes_back: true,
    ..EXACT
};

pub(super) const ALL: [Rules; 8] = [
    EXACT,
    WASMTIME,
    READY_AT_FIRST,
    OVER_REPORTS,
    LATE,
    STALLS,
    CLOCK_STANDS_STILL,
    CLOCK_GOES_BACK,
];

impl Rules {
    /// Whether it says that a source is ready only if it is.
    pub(super) const fn is_honest(&self) -> bool {
        !self.ready_at_first && !self.over_reports
    }

    /// By how much a wait of this number of calls may be too long.
    pub(super) const fn slack_ns(&self, calls: u64, pollables: u64) -> u64 {
        let call = self.call_cost_ns + self.pollable_cost_ns * pollables;
        let stalls = if self.stalls { 50 * MS } else { 0 };
        // A wait of libc is in milliseconds.
        2 * MS + self.clock_late_ns + self.clock_step_ns + calls * (call + stalls)
    }

    /// By how much a wait may be too short on a clock that does not go evenly.
    pub(super) const fn early_ns(&self) -> u64 {
        let back = if self.clock_goes_back { 10_000 } else { 0 };
        self.clock_step_ns - 1 + back
    }
}

//! What the host's own work in a wait costs, so that the policy can tell a loop that is slow for
//! waiting on everything from one that has nothing to do.
//!
//! The host makes a future for each pollable of a wait, asks each when the wait begins and all of
//! them again when one has woken it: a wait that blocks costs it about two looks (wasmtime 46: 0.7 ms
//! a look at 1 000, 4 ms at 4 000, and 9 ms a wait that blocks).

/// What a pollable is taken to cost before a look was timed.
const UNTIMED_NS: u64 = 2_000;
/// Looks at fewer pollables say little about more of them.
const FEW: usize = 64;

/// Estimates from timed looks.
#[derive(Debug)]
pub(super) struct Cost {
    /// Of one pollable in a look.
    each_ns: u64,
    /// The number of pollables in the looks that this is from.
    timed: usize,
}

impl Cost {
    pub(super) const fn new() -> Self {
        Self {
            each_ns: UNTIMED_NS,
            timed: 0,
        }
    }

    /// A look without blocking at so many pollables took so long.
    pub(super) fn looked(&mut self, pollables: usize, took_ns: u64) {
        if pollables < FEW {
            return;
        }
        let each_ns = took_ns / pollables as u64;
        // The first at a new order of size counts at once; then the scheduler's outliers are smoothed.
        self.each_ns = if pollables / 2 > self.timed {
            each_ns
        } else {
            self.each_ns - self.each_ns / 4 + each_ns / 4
        };
        self.timed = pollables;
    }

    /// What a wait on so many pollables costs the host beside the waiting.
    pub(super) fn answer_ns(&self, pollables: usize) -> u64 {
        let pollables = pollables as u64;
        let look_ns = self.each_ns.saturating_mul(pollables);
        // It grows faster than the number does.
        let growth = if self.timed == 0 {
            1
        } else {
            pollables.div_ceil(self.timed as u64)
        };
        look_ns.saturating_mul(growth).saturating_mul(2)
    }
}

//! What the host's own work in a wait costs, so that the policy can tell a loop that is slow for
//! waiting on everything from one that has nothing to do.
//!
//! The host makes a future for each pollable of a wait and asks each (wasmtime 46: 0.3 to 0.4 µs). It
//! asks no more than 128 of them in earnest before it starts again from the first, so a wait that
//! blocks on 1 000 costs it about as much as five looks, and on 4 000 as fifteen; and a wait that ends
//! at once, as a look does, sees nothing of the 129th on. Hence looks go in pieces.

use crate::portable::Config;

/// The most that a look is at.
pub(super) const LOOKS_AT_ONCE: usize = 100;
/// Looks in a row that found nothing, after which there are fewer of them.
const IN_VAIN: u8 = 8;
/// A wait that blocks costs one look more for each so many pollables in it.
const NEXT_LOOK: u64 = 384;
/// What a pollable is taken to cost before a look was timed.
const UNTIMED_NS: u64 = 2_000;
/// Looks at fewer pollables say little about more of them.
const FEW: usize = 64;

/// When to look at the cold sources while a wait on everything would cost more than it brings.
///
/// A wait on everything costs the host the same however soon it ends. Looking now and then, within
/// the bounds that the policy has too, costs a fifth of the time instead: less in a wait that is
/// shorter than five times that cost. How long one is nobody knows; it is taken to be as long as
/// the last one, and once the looks have cost a quarter of it, everything is waited on after all. So it
/// never costs more than a quarter more than what was right.
#[derive(Debug)]
pub(super) struct Looks {
    config: Config,
    /// When the next is due.
    due_ns: u64,
    /// How long the last wait on everything was.
    waited_ns: u64,
    /// The looks since one that found something.
    in_vain: u8,
}

impl Looks {
    pub(super) const fn new(config: Config) -> Self {
        Self {
            config,
            due_ns: 0,
            waited_ns: 0,
            in_vain: 0,
        }
    }

    pub(super) const fn due_ns(&self) -> u64 {
        self.due_ns
    }

    /// A look found so many directions ready.
    pub(super) const fn found(&mut self, directions: usize) {
        self.in_vain = match directions {
            0 => self.in_vain.saturating_add(1),
            _ => 0,
        };
    }

    /// The share of the time that looks may take now: half of it while they find nothing.
    pub(super) fn percent(&self) -> u8 {
        let percent = self.config.max_sweep_percent.clamp(1, 90);
        if self.in_vain < IN_VAIN {
            percent
        } else {
            percent.div_ceil(2)
        }
    }

    /// A look at the cold sources that took so long ended.
    pub(super) fn looked(&mut self, now_ns: u64, took_ns: u64) {
        let percent = u64::from(self.percent());
        let rest_ns = took_ns.saturating_mul(100 - percent) / percent;
        let pause_ns = rest_ns.max(self.config.max_delay_ns.saturating_sub(took_ns));
        self.due_ns = now_ns.saturating_add(pause_ns);
    }

    /// A wait on everything, in whichever way, was so long.
    pub(super) const fn waited(&mut self, waited_ns: u64) {
        self.waited_ns = waited_ns;
    }

    /// Whether the next is likely to be so short that looks cost less than `answer_ns`.
    pub(super) fn expects_short_wait(&self, answer_ns: u64) -> bool {
        let percent = u64::from(self.percent());
        self.waited_ns < answer_ns.saturating_mul(100) / percent
    }
}

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
        // One look is made beforehand, and one when the wait ends.
        let looks = 2 + pollables / NEXT_LOOK;
        self.each_ns.saturating_mul(pollables).saturating_mul(looks)
    }
}

//! When to wait on the hot sources alone, and when to look at the cold ones.
//!
//! The host's array is `[hot… | clock | cold…]`; this module decides, step by step, which part of
//! it a poll waits on and for how long. It makes no calls, reads no clock and allocates nothing:
//! the selector tells it the time and what each step found. Which source is hot is decided
//! elsewhere.
//!
//! # Cost model
//!
//! A wait on WASI 0.1 costs about 1.5 µs a call and 0.2 µs a subscription (wasmtime 46,
//! wasi-common; 1 µs on slower hosts); on 0.2 up to 1.9 µs a pollable (7.6 ms at 4 000). A round
//! trip on an otherwise empty loop takes 50 to 80 µs. So a flat wait beside 1 000 idle connections
//! makes a round trip two to three times as long at best (on wasi-common, which reports them all as
//! ready, forty times: 19 500 round trips a second fall to 492), while a wait on a short prefix
//! costs what it costs without them. The price is a sweep now and then, 0.2 ms at 1 000, and a
//! second call whenever the prefix stays quiet. Below [`FEW_COLD`] cold sources the prefix saves
//! less than two calls cost, and everything is waited on as ever. The same holds while the loop is
//! not busy: a wait on everything is then exact, and its cost is lost in the wait.
//!
//! *Busy* is judged by the smoothed time from the begin of a poll to what it found, less the time that
//! the looks at the cold part took themselves; what the caller does between two polls does not make a
//! loop idle, however long it takes with two hundred events. Without that, 8 000 sources (1.6 ms a look) would make
//! any loop look idle, and the flat wait that makes it slow would be kept for being slow. Where a
//! look has not yet been timed at this number of sources, and its length alone could explain a gap,
//! one sweep is made to time it: once for each doubling of the cold part.
//!
//! # Delay model
//!
//! Let `D` be `max_delay_ns`, `p` `max_sweep_percent`, `e` the estimate of a sweep's length and `c`
//! the longest look so far. After a look no sweep is made for `max(D - e, e × (100 - p) / p + a)`,
//! where `a` (at most 100 µs) is how much too early the last sweep was. No step reaches beyond that
//! by more than the caller's and the host's own slack `w` (handling events, waking late). Hence,
//! and shown so by the property tests:
//!
//! - **Delay.** A source that turns ready just after the host has looked at it is seen within
//!   `max(D, c × 100 / p + 100 µs) + c + 2 w`: that look, the pause, the next look. Where that look
//!   was part of a wait on everything, and so could not be timed apart, it is one `c` more. At the
//!   defaults this is 1.3 ms for 1 000 cold sources (`c` = 0.2 ms), and 9.7 ms for 8 000 (1.6 ms).
//! - **Share.** Over any time `t`, sweeps take at most `p` percent of `t + 100 µs`, and one sweep.
//!   Not counted are the one sweep a doubling above, and what an outlier takes beyond the cap on
//!   `e`: a preempted sweep is the scheduler's cost, and to make up for it in pauses would starve
//!   the cold part.
//! - **Misses.** When the prefix stays quiet for its bound (four usual gaps, 0.1 to 1 ms), the next
//!   step waits on everything, so that a cold event pays the bound at most once; [`COOL_AFTER`]
//!   such misses in a row cool all.
//! - **Clocks that lie.** A clock that goes back restarts the pause; one that stands still is
//!   replaced by a count of steps. Two sweeps never follow each other without a wait between them.
//!
//! In the model of the tests one busy source at 60 to 100 µs a round trip keeps 85 to 89% of its
//! speed beside 1 000 idle ones and 80% beside 8 000; a flat wait would keep 31 to 50% and 5%.

/// Fewer cold sources than this are always waited on: 16 × 0.2 µs is what two calls cost.
pub(super) const FEW_COLD: usize = 16;
/// A loop is busy while its usual gap is at most this.
const BUSY_GAP_NS: u64 = 1_000_000;
/// A gap from here on tells that the loop was idle, whatever came before; also where smoothing
/// starts after it.
const IDLE_GAP_NS: u64 = 2_000_000;
/// The wait on the hot prefix, at least and at most.
const HOT_BOUND_NS: (u64, u64) = (100_000, 1_000_000);
/// A sweep that is due within the usual gap is made now, but no earlier than between these two: it
/// then runs while the peers work on their answers, where cutting the next wait in its middle would
/// delay the answer by most of a sweep.
const EARLY_NS: (u64, u64) = (20_000, 100_000);
/// The most that a look is believed to cost a source before it was timed (0.2 at 4 000 pollables:
/// 1.9 µs).
const UNTIMED_NS: u64 = 2_000;
/// What one sweep may add to twice the estimate.
const OUTLIER_NS: u64 = 500_000;
/// Misses in a row after which every hot source is cooled.
const COOL_AFTER: u8 = 3;
/// Steps at one instant after which a sweep is due although the clock says otherwise (1 ms of calls
/// at 2 µs).
const STALLED_STEPS: u32 = 512;

/// Knobs, on `Poll`'s builder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Config {
    /// Off: every poll waits on everything.
    pub(crate) enabled: bool,
    /// How long a ready cold source may wait, unless `max_sweep_percent` asks for longer.
    pub(crate) max_delay_ns: u64,
    /// The largest share of time for sweeps; taken as the nearest of 1 to 90.
    pub(crate) max_sweep_percent: u8,
}

impl Config {
    pub(crate) const DEFAULT: Self = Self {
        enabled: true,
        max_delay_ns: 1_000_000,
        max_sweep_percent: 20,
    };
}

impl Default for Config {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// What the selector does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Wait on everything for what is left of the caller's timeout, then call [`Policy::all_done`].
    All,
    /// Wait on the hot prefix alone, at most this long and at most the caller's timeout, then
    /// [`Policy::hot_done`].
    Hot { bound_ns: u64 },
    /// Look at the cold part with a zero timeout, then [`Policy::sweep_done`]; found nothing: ask
    /// for the next step.
    Sweep,
}

/// The state of one selector's policy. All times are of one clock, in ns, from any origin.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    config: Config,
    /// Smoothed time between polls that found something, less `looks_ns`; `u64::MAX` until there
    /// were two.
    gap_ns: u64,
    /// When something was found, and from the step that follows on when that began: what the
    /// caller does with it in between makes no loop idle.
    last_found_ns: Option<u64>,
    handled: bool,
    /// Time that looks at the cold part took since `last_found_ns`.
    looks_ns: u64,
    /// The end of the last look at the cold part, and how long the next sweep stays off.
    look_end_ns: u64,
    pause_ns: u64,
    /// How much too early the last sweep was; the pause after it makes up for it.
    early_ns: u64,
    /// The estimate of a sweep's length, the most that the sweep under way may raise it to, and the
    /// number of cold sources when it was last timed (0: never).
    cost_ns: u64,
    cost_cap_ns: u64,
    timed_cold: usize,
    /// What the host's last answer to a wait on everything cost. A loop whose gaps are no longer
    /// than that is busy with answers: the wait on the prefix, which costs nothing while it waits,
    /// is then worth a try.
    answer_ns: u64,
    /// The latest time seen, and the steps since without a later one.
    seen_ns: u64,
    stalled_steps: u32,
    /// From here on the hot wait under way is a full miss, and not one that a sweep or the caller's
    /// timeout cut short.
    miss_at_ns: u64,
    misses: u8,
    after_miss: bool,
    after_sweep: bool,
    cool_all: bool,
}

impl Policy {
    pub(crate) const fn new(config: Config) -> Self {
        let mut policy = Self {
            config,
            gap_ns: u64::MAX,
            last_found_ns: None,
            handled: true,
            looks_ns: 0,
            look_end_ns: 0,
            pause_ns: 0,
            early_ns: 0,
            cost_ns: 0,
            cost_cap_ns: 0,
            timed_cold: 0,
            answer_ns: 0,
            seen_ns: 0,
            stalled_steps: 0,
            miss_at_ns: 0,
            misses: 0,
            after_miss: false,
            after_sweep: false,
            cool_all: false,
        };
        policy.looked(0, 0);
        policy
    }

    /// Changes the largest share of time for sweeps, from the next one on.
    #[allow(dead_code, reason = "for backends whose looks cost much")]
    pub(crate) const fn set_max_sweep_percent(&mut self, percent: u8) {
        self.config.max_sweep_percent = percent;
    }

    /// Whether there is anything to decide beside so many cold sources. Where not, the caller may
    /// wait on everything without reading the clock and without telling of it.
    pub(crate) const fn applies(&self, cold: usize) -> bool {
        self.config.enabled && cold >= FEW_COLD
    }

    /// The next step at `now_ns`, with so many sources in the two parts of the array. After
    /// [`Step::Sweep`] it is never `Sweep`, after a miss it is [`Step::All`]: a poll that follows
    /// makes at most three waits.
    pub(crate) fn next(&mut self, now_ns: u64, hot: usize, cold: usize) -> Step {
        if !std::mem::replace(&mut self.handled, true) {
            self.last_found_ns = Some(now_ns);
        }
        let after_miss = std::mem::take(&mut self.after_miss);
        let may_sweep = !std::mem::take(&mut self.after_sweep);
        self.timed_cold = self.timed_cold.min(cold);
        if !self.applies(cold) || hot == 0 || after_miss {
            return Step::All;
        }
        self.watch_clock(now_ns);
        // A gap longer than the pause: each wait on the prefix would end in a look at everything
        // anyway.
        if self.gap_ns > BUSY_GAP_NS.min(self.pause_ns).max(self.answer_ns) {
            let explained_ns = BUSY_GAP_NS.saturating_add(untimed_cost_ns(cold));
            if may_sweep && self.is_untimed(cold) && self.gap_ns <= explained_ns {
                return self.start_sweep(cold, 0);
            }
            return Step::All;
        }
        let due_ns = self.look_end_ns.saturating_add(self.pause_ns);
        let left_ns = due_ns.saturating_sub(now_ns);
        let near_ns = self.gap_ns.clamp(EARLY_NS.0, EARLY_NS.1);
        if may_sweep && (left_ns < near_ns || self.stalled_steps >= STALLED_STEPS) {
            return self.start_sweep(cold, left_ns.min(near_ns));
        }
        let wanted_ns = self.gap_ns.saturating_mul(4);
        let wanted_ns = wanted_ns.clamp(HOT_BOUND_NS.0, HOT_BOUND_NS.1);
        self.miss_at_ns = now_ns.saturating_add(wanted_ns);
        Step::Hot {
            bound_ns: wanted_ns.min(left_ns.max(EARLY_NS.0)),
        }
    }

    /// The wait on the hot prefix ended. `found` counts all that ended it early: sources, and a timer
    /// or wake-up too. Nothing found is a miss: the next step is [`Step::All`], in this poll or the
    /// following one. A wait that found nothing because the caller's timeout cut it short need not be
    /// told of: the next poll then waits on the prefix again, and sweeps are made when due.
    pub(crate) fn hot_done(&mut self, now_ns: u64, found: usize) {
        if found > 0 {
            self.misses = 0;
            self.found(now_ns);
            return;
        }
        self.after_miss = true;
        if now_ns >= self.miss_at_ns {
            self.misses += 1;
        }
        if self.misses >= COOL_AFTER {
            self.misses = 0;
            self.cool_all = true;
        }
    }

    /// The sweep that began at `started_ns` ended.
    pub(crate) fn sweep_done(&mut self, started_ns: u64, now_ns: u64, found: usize) {
        let took_ns = now_ns.saturating_sub(started_ns);
        if took_ns >= self.cost_ns {
            self.cost_ns = took_ns.min(self.cost_cap_ns.max(self.cost_ns));
        } else {
            self.lower_cost(took_ns);
        }
        self.after_sweep = true;
        self.looks_ns = self.looks_ns.saturating_add(took_ns);
        self.looked(now_ns, took_ns);
        if found > 0 {
            self.found(now_ns);
        }
    }

    /// The wait on everything that began at `waited_from_ns` ended: it saw the cold part too, as
    /// late as `now_ns`. `answer_ns` is what making its answer is known to have cost, if that is
    /// more than a sweep: it is no part of the gap.
    pub(crate) fn all_done(
        &mut self,
        waited_from_ns: u64,
        now_ns: u64,
        answer_ns: u64,
        found: usize,
    ) {
        let took_ns = now_ns.saturating_sub(waited_from_ns);
        // Most of it is waiting, so it can only tell that a look costs less than believed.
        if took_ns < self.cost_ns {
            self.lower_cost(took_ns);
        }
        let cost_ns = self.cost_ns.max(answer_ns);
        if found > 0 {
            self.answer_ns = answer_ns.min(took_ns);
        }
        self.looks_ns = self.looks_ns.saturating_add(took_ns.min(cost_ns));
        self.looked(now_ns, self.cost_ns);
        if found > 0 {
            self.found(now_ns);
        }
    }

    /// True once after [`COOL_AFTER`] misses in a row: the caller then cools every hot source.
    pub(crate) fn take_cool_all(&mut self) -> bool {
        std::mem::take(&mut self.cool_all)
    }

    /// Something was found: smooths the gap. A long one counts at once, short ones have to repeat.
    fn found(&mut self, now_ns: u64) {
        let looks_ns = std::mem::take(&mut self.looks_ns);
        self.handled = false;
        let Some(last_ns) = self.last_found_ns.replace(now_ns) else {
            return;
        };
        let sample_ns = now_ns.saturating_sub(last_ns).saturating_sub(looks_ns);
        self.gap_ns = if sample_ns >= IDLE_GAP_NS {
            sample_ns
        } else {
            let old_ns = self.gap_ns.min(IDLE_GAP_NS);
            old_ns - old_ns / 4 + sample_ns / 4
        };
    }

    /// A look at the cold part ended: plans the pause. `took_ns` is what a source may have waited
    /// in that look.
    const fn looked(&mut self, now_ns: u64, took_ns: u64) {
        let percent = match self.config.max_sweep_percent {
            0 => 1,
            91.. => 90,
            percent => percent as u64,
        };
        let spent_ns = if took_ns > self.cost_ns {
            took_ns
        } else {
            self.cost_ns
        };
        let delay_ns = self.config.max_delay_ns.saturating_sub(spent_ns);
        // Rounded up, so that the share is kept to the nanosecond.
        let rest_ns = self.cost_ns.saturating_mul(100 - percent).div_ceil(percent);
        let rest_ns = rest_ns.saturating_add(self.early_ns);
        self.pause_ns = if delay_ns > rest_ns {
            delay_ns
        } else {
            rest_ns
        };
        self.look_end_ns = now_ns;
        self.seen_ns = now_ns;
        self.stalled_steps = 0;
    }

    const fn start_sweep(&mut self, cold: usize, early_ns: u64) -> Step {
        self.early_ns = early_ns;
        let base_ns = if self.is_untimed(cold) && untimed_cost_ns(cold) > self.cost_ns {
            untimed_cost_ns(cold)
        } else {
            self.cost_ns
        };
        self.cost_cap_ns = base_ns.saturating_mul(2).saturating_add(OUTLIER_NS);
        self.timed_cold = cold;
        Step::Sweep
    }

    /// Whether the estimate says little about this many cold sources.
    const fn is_untimed(&self, cold: usize) -> bool {
        cold / 2 > self.timed_cold
    }

    /// An eighth of the way down, and at least 1 ns.
    const fn lower_cost(&mut self, took_ns: u64) {
        self.cost_ns -= (self.cost_ns - took_ns).div_ceil(8);
    }

    /// Takes a clock that went back as a new start of the pause, and counts the steps of one that
    /// stands still.
    fn watch_clock(&mut self, now_ns: u64) {
        self.look_end_ns = self.look_end_ns.min(now_ns);
        if now_ns > self.seen_ns {
            self.seen_ns = now_ns;
            self.stalled_steps = 0;
        } else {
            self.stalled_steps = self.stalled_steps.saturating_add(1);
        }
    }
}

/// The most that a look at so many sources is believed to cost before one was timed.
const fn untimed_cost_ns(cold: usize) -> u64 {
    (cold as u64).saturating_mul(UNTIMED_NS)
}

#[cfg(test)]
mod tests;

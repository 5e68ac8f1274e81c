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
//! wasi-common; 1 µs on slower hosts); on 0.2 0.3 µs a pollable in a look, and up to 3 µs in a wait
//! (12 ms at 4 000). A round trip on an otherwise empty loop takes 50 to 80 µs. So a flat wait beside
//! 1 000 idle connections makes a round trip two to three times as long at best (on wasi-common, which
//! reports them all as ready, twenty to forty times), while a wait on a short prefix costs what it costs
//! without them. The price is a look at the cold sources now and then, and a second call whenever the
//! prefix stays quiet. Below [`FEW_COLD`] cold sources the prefix saves less than two calls cost, and
//! everything is waited on as ever. The same holds while the loop is not busy: a wait on everything is
//! then exact, and its cost is lost in the wait.
//!
//! **Looks go in turn**, at a piece of the cold sources each, evenly through the time of a turn: a hundred
//! on 0.1 are 20 to 30 µs of work each 0.1 to 0.3 ms, which a peer that works on its answer does not
//! notice, where 0.2 ms at once delayed one answer in fifteen. Where sources cost more (1 µs each, on a
//! machine whose caches do not hold them) a look is at fewer, so that it still takes no longer than a
//! peer does. What is due after the caller took long is made up for in one look at more. A look costs
//! what the estimate says: near the median of the looks so far, so that neither preemption nor a look
//! that finds much makes the next ones rare.
//!
//! *Busy* is judged by the smoothed time from the begin of a poll to what it found, less the time that
//! the looks at the cold part took themselves, in one poll of four, as reading the clock costs a
//! percent of a round trip; what the caller does between two polls does not make a
//! loop idle, however long it takes with two hundred events. Without that, 8 000 sources (1.6 ms a turn)
//! would make any loop look idle, and the flat wait that makes it slow would be kept for being slow.
//! Where no look has been timed yet, and their length alone could explain a gap, one is made to time it.
//!
//! A wait on everything costs the host the same however soon it ends, on some hosts far more than looks
//! do: 1.4 ms against 0.2 at 1 000 on wasi-common. So when the loop pauses, looks go on until they have
//! cost a quarter of that, if the last pause was shorter than looks are worth it.
//!
//! # Delay model
//!
//! Let `D` be `max_delay_ns`, `p` `max_sweep_percent`, `c` what looks at all cold sources take together
//! by the estimate. A turn takes `T = max(D - c, c × 100 / p)`; after [`SILENT_TURNS`] turns that found
//! nothing `p` is half of what is set, until something is found. No step reaches beyond what is due by
//! more than the caller's and the host's own slack `w` (handling events, waking late). Hence, and shown
//! so by the property tests:
//!
//! - **Delay.** A source that turns ready just after the host has looked at it is seen within
//!   `max(D, c × 100 / p) + 100 µs + w` and its look. It is up to a quarter of a turn more where the
//!   looks change in number, as where gaps grow; and where its last look was part of a wait on everything,
//!   what making that answer took. At the defaults that is 1.3 ms beside 1 000 that are not all silent
//!   (`c` = 0.22 ms), 2.4 ms for the first to speak since long, and 9 and 18 ms beside 8 000.
//! - **Share.** Over any time `t`, looks take at most `p` percent of `t + 100 µs`, and a turn. Not
//!   counted is what an outlier takes beyond the estimate: a preempted look is the scheduler's cost, and to
//!   make up for it in pauses would starve the cold part.
//! - **Misses.** When the prefix stays quiet for its bound (four usual gaps, 0.1 to 1 ms, which looks
//!   only interrupt), the loop is quiet: everything is waited on, at once or after the looks above, so that
//!   a cold event pays the bound at most once; [`COOL_AFTER`] such misses in a row cool all.
//! - **Clocks that lie.** A clock that goes back restarts the turn's time; one that stands still is
//!   replaced by a count of steps. Two looks never follow each other without a wait between them.
//!
//! In the model of the tests one busy source at 60 to 100 µs a round trip keeps 88% or more of its
//! speed beside 1 000 idle ones; a flat wait would keep 31 to 50%.

use crate::portable::Config;

/// Fewer cold sources than this are always waited on: 16 × 0.2 µs is what two calls cost.
pub(super) const FEW_COLD: usize = 16;
/// A loop is busy while its usual gap is at most this.
const BUSY_GAP_NS: u64 = 1_000_000;
/// A gap from here on tells that the loop was idle, whatever came before; also where smoothing
/// starts after it.
const IDLE_GAP_NS: u64 = 2_000_000;
/// The wait on the hot prefix, at least and at most.
const HOT_BOUND_NS: (u64, u64) = (100_000, 1_000_000);
/// A look that is due within two usual gaps is made now, but no earlier than between these two: it
/// then runs while the peers work on their answers, where cutting the next wait in its middle would
/// delay the answer by most of a look.
const EARLY_NS: (u64, u64) = (20_000, 100_000);
/// The most that a look is believed to cost a source before it was timed (0.2 on some machines:
/// 1.9 µs).
const UNTIMED_NS: u32 = 2_000;
/// The first looks, of which the least counts: later ones move the estimate by an eighth at most.
const FIRST_LOOKS: u8 = 8;
/// A turn through all cold sources is in no fewer looks, where it is in more than one: the delay may
/// be longer by one of them.
const FEWEST_LUMPS: usize = 4;
/// A look is not made shorter than this, of which the call as such is a fifth.
const SHORTEST_LOOK_NS: u64 = 10_000;
/// Turns through all cold sources that found nothing, after which looks take half their share.
const SILENT_TURNS: usize = 16;
/// One in so many waits on the prefix that found something is timed.
const TIMED_EVERY: u8 = 4;
/// Misses in a row after which every hot source is cooled.
const COOL_AFTER: u8 = 3;
/// Steps at one instant after which a sweep is due although the clock says otherwise (1 ms of calls
/// at 2 µs).
const STALLED_STEPS: u32 = 512;

/// What the selector does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Wait on everything for what is left of the caller's timeout, then call [`Policy::all_done`].
    All,
    /// Wait on the hot prefix alone, at most this long and at most the caller's timeout, then
    /// [`Policy::hot_done`]; found nothing: ask for the next step.
    Hot { bound_ns: u64 },
    /// Look at the next so many cold sources, in turn and with a zero timeout, then
    /// [`Policy::sweep_done`]; found nothing: ask for the next step.
    Sweep { sources: usize },
}

/// The state of one selector's policy. All times are of one clock, in ns, from any origin.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    config: Config,
    /// The fewest sources that a look is at, if there are as many.
    piece: usize,
    /// Smoothed time between polls that found something, less `looks_ns`; `u64::MAX` until there
    /// were two.
    gap_ns: u64,
    /// When something was found, and from the step that follows on when that began: what the
    /// caller does with it in between makes no loop idle.
    last_found_ns: Option<u64>,
    handled: bool,
    /// Time that looks at cold sources took since `last_found_ns`.
    looks_ns: u64,
    /// The last of what `gap_ns` is smoothed from.
    last_gap_ns: u64,
    /// The time up to which the looks made so far do: a turn through all takes it on by a period.
    paid_ns: u64,
    /// The estimate of what a look costs a source, in ps, and the looks that it is from.
    each_ps: u32,
    timed_looks: u8,
    /// How many the look under way is at, and how many there are.
    looked_at: usize,
    cold: usize,
    /// The sources looked at since one was found ready.
    in_vain: usize,
    /// What the host's last answer to a wait on everything cost. A loop whose gaps are no longer
    /// than that is busy with answers: the wait on the prefix, which costs nothing while it waits,
    /// is then worth a try.
    answer_ns: u64,
    /// The latest time seen, and the steps since without a later one.
    seen_ns: u64,
    stalled_steps: u32,
    /// From here on the hot wait under way is a miss. It goes on until then where looks cut it.
    waits_from_ns: u64,
    miss_at_ns: u64,
    cut: bool,
    misses: u8,
    /// The waits on the prefix since one whose end was timed.
    untimed: u8,
    after_miss: bool,
    after_sweep: bool,
    cool_all: bool,
}

impl Policy {
    /// `piece` is about how many sources a look is at: few enough not to take longer than what a peer
    /// does until its next message, and so many that they cost far more than a look as such does.
    pub(crate) const fn new(mut config: Config, piece: usize) -> Self {
        config.max_sweep_percent = match config.max_sweep_percent {
            0 => 1,
            91.. => 90,
            percent => percent,
        };
        // As good as for ever, and far from overflow.
        if config.max_delay_ns > u64::MAX / 4 {
            config.max_delay_ns = u64::MAX / 4;
        }
        Self {
            config,
            piece,
            gap_ns: u64::MAX,
            last_found_ns: None,
            handled: true,
            looks_ns: 0,
            last_gap_ns: u64::MAX,
            paid_ns: 0,
            each_ps: UNTIMED_NS * 1_000,
            timed_looks: 0,
            looked_at: 0,
            cold: 0,
            in_vain: 0,
            answer_ns: 0,
            seen_ns: 0,
            stalled_steps: 0,
            waits_from_ns: 0,
            miss_at_ns: 0,
            cut: false,
            misses: 0,
            untimed: 0,
            after_miss: false,
            after_sweep: false,
            cool_all: false,
        }
    }

    /// What it was made with, as far as it is allowed.
    pub(crate) const fn config(&self) -> Config {
        self.config
    }

    /// Whether there is anything to decide beside so many cold sources. Where not, the caller may
    /// wait on everything without reading the clock and without telling of it.
    pub(crate) const fn applies(&self, cold: usize) -> bool {
        self.config.enabled && cold >= FEW_COLD
    }

    /// The next step at `now_ns`, with so many sources in the two parts of the array, where a wait on
    /// everything costs `all_ns` beside the waiting. After [`Step::Sweep`] it is never `Sweep`.
    pub(crate) fn next(&mut self, now_ns: u64, hot: usize, cold: usize, all_ns: u64) -> Step {
        if !std::mem::replace(&mut self.handled, true) {
            self.last_found_ns = Some(now_ns);
        }
        let may_sweep = !std::mem::take(&mut self.after_sweep);
        self.cold = cold;
        if !self.applies(cold) || hot == 0 {
            return Step::All;
        }
        self.watch_clock(now_ns);
        let period_ns = self.period_ns(cold);
        // A gap longer than the period: each wait on the prefix would end in a look at everything
        // anyway.
        let longest_ns = BUSY_GAP_NS.min(period_ns).max(self.answer_ns);
        let is_quiet = self.after_miss || self.gap_ns > longest_ns;
        if is_quiet && !self.prefers_looks(all_ns) {
            let explained_ns = BUSY_GAP_NS.saturating_add(self.look_ns(cold));
            let is_untimed = self.timed_looks == 0 && self.gap_ns <= explained_ns;
            if may_sweep && is_untimed && !self.after_miss {
                self.looked_at = cold.min(self.piece);
                return Step::Sweep {
                    sources: self.looked_at,
                };
            }
            return Step::All;
        }
        let lumps = self.lumps(hot, cold, period_ns);
        let left_ns = self.left_ns(now_ns, period_ns / lumps as u64);
        if may_sweep && left_ns < self.near_ns() {
            return Step::Sweep {
                sources: self.start_look(now_ns, cold, period_ns, lumps),
            };
        }
        if !is_quiet && !std::mem::take(&mut self.cut) {
            let wanted_ns = self.gap_ns.min(HOT_BOUND_NS.1) * 4;
            let wanted_ns = wanted_ns.clamp(HOT_BOUND_NS.0, HOT_BOUND_NS.1);
            self.miss_at_ns = now_ns.saturating_add(wanted_ns);
        }
        self.waits_from_ns = now_ns;
        let bound_ns = if is_quiet {
            left_ns
        } else {
            left_ns.min(self.miss_at_ns.saturating_sub(now_ns))
        };
        Step::Hot {
            bound_ns: bound_ns.max(EARLY_NS.0),
        }
    }

    /// Whether a wait that is likely to be short is cheaper with looks at the cold part. A wait on
    /// everything costs the same however soon it ends. How long one will be nobody knows; it is taken
    /// to be as long as the last one, and once the looks have cost a quarter of it, everything is waited
    /// on after all: so they never cost more than a quarter more than what was right.
    fn prefers_looks(&self, all_ns: u64) -> bool {
        self.last_gap_ns < all_ns.min(u64::MAX / 100) * 100 / self.percent()
            && self.looks_ns < all_ns / 4
            && self.stalled_steps == 0
    }

    /// The wait on the hot prefix found something: whether that is all there is to tell, without
    /// [`hot_done`](Self::hot_done). Such a wait was short: to time one in four is enough.
    pub(crate) const fn hot_found(&mut self) -> bool {
        self.untimed = (self.untimed + 1) % TIMED_EVERY;
        if self.untimed == 0 {
            return false;
        }
        self.misses = 0;
        self.looks_ns = 0;
        self.begin_handling();
        true
    }

    const fn begin_handling(&mut self) {
        (self.handled, self.cut, self.after_miss) = (false, false, false);
    }

    /// The wait on the hot prefix ended. `found` counts all that ended it early: sources, and a timer
    /// or wake-up too. Nothing found is a miss, if it was not cut by a look that is due: the loop is
    /// then quiet until something is found. A wait that found nothing because the caller's timeout cut
    /// it short need not be told of: the next poll then waits on the prefix again, and looks are made
    /// when due.
    pub(crate) fn hot_done(&mut self, now_ns: u64, found: usize) {
        if found > 0 {
            self.misses = 0;
            self.found(now_ns);
            return;
        }
        if self.after_miss {
            return;
        }
        // A clock that stands still would never end it.
        if now_ns < self.miss_at_ns && now_ns > self.waits_from_ns {
            self.cut = true;
            return;
        }
        self.after_miss = true;
        self.misses += 1;
        if self.misses >= COOL_AFTER {
            self.misses = 0;
            self.cool_all = true;
        }
    }

    /// The look that began at `started_ns` ended.
    pub(crate) fn sweep_done(&mut self, started_ns: u64, now_ns: u64, found: usize) {
        let took_ns = now_ns.saturating_sub(started_ns);
        let sources = std::mem::take(&mut self.looked_at);
        self.time_look(took_ns, sources);
        self.in_vain = match found {
            0 => self.in_vain.saturating_add(sources),
            _ => 0,
        };
        self.after_sweep = true;
        self.looks_ns = self.looks_ns.saturating_add(took_ns);
        if found > 0 {
            self.found(now_ns);
        }
    }

    /// The wait on everything that began at `waited_from_ns` ended: it saw the cold part too, as
    /// late as `now_ns`. `answer_ns` is what making its answer is known to have cost, if that is
    /// more than a look: it is no part of the gap.
    pub(crate) fn all_done(
        &mut self,
        waited_from_ns: u64,
        now_ns: u64,
        answer_ns: u64,
        found: usize,
    ) {
        let took_ns = now_ns.saturating_sub(waited_from_ns);
        let look_ns = match self.timed_looks {
            0 => 0,
            _ => self.look_ns(self.cold),
        };
        let cost_ns = look_ns.max(answer_ns);
        self.looks_ns = self.looks_ns.saturating_add(took_ns.min(cost_ns));
        self.cut = false;
        self.after_miss = false;
        self.paid_ns = now_ns;
        if found > 0 {
            self.answer_ns = answer_ns.min(took_ns);
            self.found(now_ns);
        }
    }

    /// True once after [`COOL_AFTER`] misses in a row: the caller then cools every hot source.
    pub(crate) fn take_cool_all(&mut self) -> bool {
        std::mem::take(&mut self.cool_all)
    }

    /// What a look at so many sources is believed to take.
    pub(crate) fn look_ns(&self, sources: usize) -> u64 {
        // No product of two 32-bit numbers overflows.
        (sources as u64).min(u64::from(u32::MAX)) * u64::from(self.each_ps) / 1_000
    }

    /// The percentage of the time that looks may take now.
    fn percent(&self) -> u64 {
        let percent = u64::from(self.config.max_sweep_percent);
        let percent = if self.in_vain / SILENT_TURNS < self.cold {
            percent
        } else {
            percent.div_ceil(2)
        };
        // As the compiler does not see: no division by it needs a check.
        percent.max(1)
    }

    /// How long until the next look is due, of those that are made once in `lump_ns`.
    fn left_ns(&self, now_ns: u64, lump_ns: u64) -> u64 {
        if self.stalled_steps >= STALLED_STEPS || self.timed_looks == 0 {
            return 0;
        }
        let due_ns = self.paid_ns.saturating_add(lump_ns);
        due_ns.saturating_sub(now_ns)
    }

    /// How many of `cold` sources to look at now that a look is due: more than one lump, if more are.
    fn start_look(&mut self, now_ns: u64, cold: usize, period_ns: u64, lumps: usize) -> usize {
        let lump_ns = (period_ns / lumps as u64).max(1);
        // What could not be looked at for longer than a period is not made up for.
        let since_ns = self.paid_ns.max(now_ns.saturating_sub(period_ns));
        let until_ns = now_ns.saturating_add(self.near_ns());
        let ahead_ns = until_ns.saturating_sub(since_ns);
        let due = if self.stalled_steps < STALLED_STEPS {
            usize::try_from(ahead_ns / lump_ns).map_or(lumps, |due| due.max(1).min(lumps))
        } else {
            lumps
        };
        self.stalled_steps = 0;
        self.looked_at = cold.min(cold.div_ceil(lumps).saturating_mul(due));
        // For each source, not for each lump: those are rounded up, and would exceed the share in time.
        let each_ns = period_ns.div_ceil(cold.max(1) as u64);
        self.paid_ns = since_ns.saturating_add(each_ns * self.looked_at as u64);
        self.looked_at
    }

    /// The time of a turn through all cold sources.
    fn period_ns(&self, cold: usize) -> u64 {
        let look_ns = self.look_ns(cold);
        let delay_ns = self.config.max_delay_ns.saturating_sub(look_ns);
        // Rounded up, so that the share is kept to the nanosecond.
        let share_ns = (look_ns * 100).div_ceil(self.percent());
        delay_ns.max(share_ns).max(1)
    }

    /// The number of looks that a turn through all cold sources, of that length, is made in: one or not
    /// few. No more than there are usual gaps in it, else each wait would be cut by several; but each no
    /// longer than a gap, in which the peers work on their answers: these come no later for it. Beside many
    /// hot sources a gap is the host's own work on them, in which nobody waits.
    fn lumps(&self, hot: usize, cold: usize, period_ns: u64) -> usize {
        let gap_ns = self.gap_ns.max(1);
        let up_to = |lumps: u64| usize::try_from(lumps).unwrap_or(usize::MAX);
        let mut lumps = cold
            .div_ceil(self.piece.max(1))
            .min(up_to(period_ns / gap_ns));
        if gap_ns >= SHORTEST_LOOK_NS * hot as u64 {
            lumps = lumps.max(up_to(self.look_ns(cold).div_ceil(gap_ns)));
        }
        match lumps {
            0 | 1 if cold <= self.piece => 1,
            _ => lumps.max(FEWEST_LUMPS),
        }
    }

    /// A look that is due so soon is made now.
    fn near_ns(&self) -> u64 {
        (self.gap_ns.min(EARLY_NS.1) * 2).clamp(EARLY_NS.0, EARLY_NS.1)
    }

    /// Something was found: smooths the gap. A long one counts at once, short ones have to repeat.
    #[inline(never)]
    fn found(&mut self, now_ns: u64) {
        let looks_ns = std::mem::take(&mut self.looks_ns);
        self.begin_handling();
        let Some(last_ns) = self.last_found_ns.replace(now_ns) else {
            return;
        };
        let sample_ns = now_ns.saturating_sub(last_ns).saturating_sub(looks_ns);
        self.last_gap_ns = sample_ns;
        self.gap_ns = if sample_ns >= IDLE_GAP_NS {
            sample_ns
        } else {
            let old_ns = self.gap_ns.min(IDLE_GAP_NS);
            old_ns - old_ns / 4 + sample_ns / 4
        };
    }

    /// Moves the estimate: a look that was preempted, or that found much, moves it no further than any
    /// other, so that it stays near the median.
    fn time_look(&mut self, took_ns: u64, sources: usize) {
        if sources == 0 {
            return;
        }
        let each_ps = took_ns.min(u64::MAX / 1_000) * 1_000 / sources as u64;
        let each_ps = u32::try_from(each_ps).unwrap_or(u32::MAX);
        let old_ps = self.each_ps;
        let most_ps = if self.timed_looks < FIRST_LOOKS {
            self.timed_looks += 1;
            old_ps
        } else {
            old_ps.saturating_add(old_ps / 8 + 1)
        };
        let least_ps = if self.timed_looks < FIRST_LOOKS {
            0
        } else {
            old_ps - old_ps / 8
        };
        // Not `clamp`, which brings the words for bounds that are in disorder.
        self.each_ps = each_ps.max(least_ps).min(most_ps);
    }

    /// Takes a clock that went back as a new start of the period, and counts the steps of one that
    /// stands still.
    fn watch_clock(&mut self, now_ns: u64) {
        self.paid_ns = self.paid_ns.min(now_ns.saturating_add(EARLY_NS.1));
        if now_ns > self.seen_ns {
            self.seen_ns = now_ns;
            self.stalled_steps = 0;
        } else {
            self.stalled_steps = self.stalled_steps.saturating_add(1);
        }
    }
}

#[cfg(test)]
mod tests;

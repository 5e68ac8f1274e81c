//! When to wait on the hot sources alone, when to sweep the cold ones, and when to wait on
//! everything.
//!
//! The host's array is `[hot… | clock | cold…]`. For each step of a poll this module chooses the
//! part to wait on and the timeout. It makes no calls, reads no clock and allocates nothing: the
//! backend tells it the time and the result of each step. Which source is hot is decided elsewhere.
//!
//! # Cost model
//!
//! The host's work in a wait grows with the number of sources: 0.2 to 1 µs each, on some hosts far
//! more. A round trip on an otherwise empty loop takes 50 to 80 µs, so waiting on 1 000 idle
//! connections as well makes it two to forty times as long. Hence three rules:
//!
//! 1. While the loop is busy, wait on the hot sources alone.
//! 2. Meanwhile poll the cold sources without blocking, chunk by chunk, so that one pass over all of
//!    them (a sweep) takes a limited share of the time.
//! 3. Wait on everything as soon as that is cheaper. How long a wait will be is not known, so it is
//!    taken to be as long as the last ones were. If it turns out longer, sweeping and the short waits
//!    between end when they have cost as much as a wait on everything: together they never cost more
//!    than twice what was right. After a long silence they end at a quarter of that.
//!
//! # Guarantees
//!
//! Let `D` be `max_delay_ns`, `p` be `max_sweep_percent` (halved after [`EMPTY_SWEEPS`] sweeps that
//! found nothing, until one finds something) and `c` the estimated cost of a sweep. A sweep is spread
//! over a period `T = max(D - c, c × 100 / p)`. The property tests show that:
//!
//! - **Delay.** A ready cold source is seen within `T + T / 4 + 100 µs`. The quarter is one chunk;
//!   what the calls take, and the caller's and the host's own delays, come on top.
//! - **Share.** Over any time `t`, sweeping takes at most `p` percent of `t`, plus one sweep. What a
//!   chunk takes beyond the estimate, as when the guest is preempted, is not counted.
//! - **Nothing extra.** A loop that is idle, or that has fewer than [`FEW`] cold sources, makes
//!   no call that it would not make without this module.
//! - **Clocks.** While one goes back or stands still, everything is waited on now and then.
//!
//! # Constants
//!
//! Each names what is lost without it. The figures are from `tests/bars.rs`, which plays busy and
//! quiet loops beside 1 000 and 4 000 idle sources on models of four hosts; run it to measure a
//! change. *Speed* is the share of the speed without idle sources, *work* is the host's per event.

use crate::portable::Config;

/// A call costs as much as this number of sources in it. Fewer cold ones are always waited on.
pub(crate) const FEW: usize = 16;
/// The most cold sources that one call polls, 20 to 30 µs: no longer than a peer works on its answer,
/// and far longer than the call as such. A sweep of all at once delayed one answer in fifteen.
pub(crate) const CHUNK: usize = 100;
/// A chunk that is due so soon is swept now, while the peers work on their answers, and no wait is
/// shorter. With 20 µs a busy connection loses up to 11% of its speed, and the work grows by 18%.
const SLACK_NS: u64 = 100_000;
/// A sweep is in at least this number of chunks: the delay may be longer by one of them. Moves no
/// bar; it is a part of the guarantee.
const MIN_CHUNKS: usize = 4;
/// A gap shorter than this does not limit a chunk. Without: sixteen busy connections delay a cold
/// source by 25% to 30% more, as each call of a small chunk costs as much as its sources.
const MIN_CHUNK_NS: u64 = 10_000;
/// After this number of sweeps that found nothing the share is halved. Without: up to twice the work
/// beside idle sources, and 4% to 12% of the speed of busy ones.
const EMPTY_SWEEPS: usize = 16;
/// One short wait of this number is timed: reading the clock each time costs 3% of a round trip's CPU
/// time (measured on WASI 0.1).
const TIMED_EVERY: u8 = 4;
/// The cost of sweeping one source, in ps, before it was measured, and the most that the first
/// measurement can say: no host is known to take longer.
const UNTIMED_PS: u32 = 2_000_000;
/// A gap counts as no more than this when the next one is smoothed into it, so that a few quick
/// events make the loop busy after a pause of any length. With 20 ms: 5% to 18% more work where
/// gaps are long; with 0.5 ms: 45%.
const LONG_GAP_NS: u64 = 2_000_000;
/// A wait on everything that took more than this number of times what it costs was a silence. With 10
/// in place of 50: 25% more work where a slow loop has 4 000 idle sources.
const SILENCE: u64 = 50;
/// After a silence, this share of the cost of a wait on everything is spent before the next one.
/// Without: falling silent again costs 60% more; always: 30% to 240% more work where pauses are short.
const SILENT_SHARE: u64 = 4;

/// What the backend does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Wait on everything until the caller's deadline, then call [`Policy::all_done`].
    All,
    /// Wait on the hot sources alone, for at most this long, then call [`Policy::hot_done`]. If
    /// nothing is ready, ask for the next step.
    Hot { bound_ns: u64 },
    /// Poll the next `sources` cold sources without blocking, then call [`Policy::sweep_done`]. If
    /// nothing is ready, ask for the next step.
    Sweep { sources: usize },
}

/// The state of one selector's policy. All times are in ns on one clock with any origin.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    config: Config,
    /// The latest time seen.
    now_ns: u64,
    /// When the wait for the next event began. `None` from an event to the step that follows: the
    /// time in which the caller handles it is no part of a gap.
    began_ns: Option<u64>,
    /// The smoothed time between `began_ns` and an event, without `spent_ns`.
    gap_ns: u64,
    /// What sweeping has cost since the last event or wait on everything.
    spent_ns: u64,
    /// What the hot waits have cost that were made for it.
    waits_ns: u64,
    /// How long the last wait took that sweeping could not bridge.
    pause_ns: u64,
    /// Sweeping is paid up to this time; a full sweep advances it by one period.
    paid_ns: u64,
    /// The estimated cost of sweeping one source, in ps.
    each_ps: u32,
    /// The cold sources in the step under way.
    sources: usize,
    /// The sources swept since one was ready.
    empty: usize,
    /// The hot waits since one was timed.
    untimed: u8,
    swept_last: bool,
}

impl Policy {
    pub(crate) fn new(mut config: Config) -> Self {
        config.max_sweep_percent = config.max_sweep_percent.clamp(1, 90);
        // In practice forever, and far from overflow.
        config.max_delay_ns = config.max_delay_ns.min(u64::MAX / 4);
        Self {
            config,
            now_ns: 0,
            began_ns: None,
            gap_ns: u64::MAX,
            spent_ns: 0,
            waits_ns: 0,
            pause_ns: u64::MAX,
            paid_ns: 0,
            each_ps: UNTIMED_PS,
            sources: 0,
            empty: 0,
            untimed: 0,
            swept_last: false,
        }
    }

    /// Whether there is anything to decide beside `cold` cold sources. If not, the caller may wait
    /// on everything without reading the clock and without calling [`all_done`](Self::all_done).
    pub(crate) const fn applies(&self, cold: usize) -> bool {
        self.config.enabled && cold >= FEW
    }

    /// The next step at `now_ns`, with `hot` hot and `cold` cold sources, where a wait on everything
    /// costs the host `all_ns` in addition to the time in which it sleeps. Two sweeps never follow
    /// each other without a wait in between.
    pub(crate) fn next(&mut self, now_ns: u64, hot: usize, cold: usize, all_ns: u64) -> Step {
        let now_ns = self.tick(now_ns);
        self.began_ns.get_or_insert(now_ns);
        let may_sweep = !std::mem::take(&mut self.swept_last);
        self.sources = cold;
        if !self.applies(cold) || hot == 0 || self.prefers_all(all_ns) {
            return Step::All;
        }
        let period_ns = self.period_ns(cold);
        let each_ns = period_ns.div_ceil(cold as u64);
        let chunk = self.chunk(cold, each_ns);
        // What could not be swept for longer than a period is not made up for. Further ahead it is
        // only where the first sweep cost less than was guessed.
        let oldest_ns = now_ns.saturating_sub(period_ns);
        self.paid_ns = (self.paid_ns).clamp(oldest_ns, now_ns.saturating_add(SLACK_NS));
        let due_ns = self
            .paid_ns
            .saturating_add(each_ns.saturating_mul(chunk as u64));
        let left_ns = match self.each_ps {
            UNTIMED_PS => 0,
            _ => due_ns.saturating_sub(now_ns),
        };
        if !may_sweep || left_ns >= SLACK_NS {
            return Step::Hot {
                bound_ns: left_ns.max(SLACK_NS / 4),
            };
        }
        let due = now_ns.saturating_sub(self.paid_ns) / each_ns;
        self.sources = usize::try_from(due).map_or(cold, |due| due.max(chunk).min(cold));
        let pays_ns = each_ns.saturating_mul(self.sources as u64);
        self.paid_ns = self.paid_ns.saturating_add(pays_ns);
        Step::Sweep {
            sources: self.sources,
        }
    }

    /// A hot wait found something: whether that is all, without [`hot_done`](Self::hot_done), for
    /// which the caller has to read the clock.
    pub(crate) const fn hot_found(&mut self) -> bool {
        self.untimed = (self.untimed + 1) % TIMED_EVERY;
        if self.untimed == 0 {
            return false;
        }
        self.began_ns = None;
        (self.spent_ns, self.waits_ns) = (0, 0);
        true
    }

    /// The hot wait ended, which has cost the host `cost_ns`. `found` counts all that ended it early:
    /// sources, a timer, a wake-up. If the caller's deadline ended it, this need not be called.
    pub(crate) fn hot_done(&mut self, now_ns: u64, found: usize, cost_ns: u64) {
        self.waits_ns = self.waits_ns.saturating_add(cost_ns);
        let stands_still = now_ns <= self.now_ns;
        let now_ns = self.tick(now_ns);
        if found > 0 {
            self.found(now_ns);
        }
        if stands_still {
            // No sweep would become due in time: everything is waited on.
            self.waits_ns = u64::MAX;
        }
    }

    /// The chunk was polled.
    pub(crate) fn sweep_done(&mut self, now_ns: u64, found: usize) {
        let started_ns = self.now_ns;
        let now_ns = self.tick(now_ns);
        self.time_sweep(now_ns - started_ns);
        self.spent_ns = self.spent_ns.saturating_add(now_ns - started_ns);
        self.empty = self.empty.saturating_add(self.sources);
        self.swept_last = true;
        if found > 0 {
            self.empty = 0;
            self.found(now_ns);
        }
    }

    /// The wait on everything ended; it was a sweep too. What it cost is a part of the gap, but
    /// makes no loop idle: the gap counts as short up to five times that.
    pub(crate) fn all_done(&mut self, now_ns: u64, found: usize) {
        let now_ns = self.tick(now_ns);
        self.paid_ns = now_ns;
        if found > 0 {
            if let Some(began_ns) = self.began_ns
                && self.spent_ns > 0
            {
                self.pause_ns = now_ns - began_ns;
            }
            self.found(now_ns);
        }
        (self.spent_ns, self.waits_ns) = (0, 0);
    }

    /// The estimated cost of sweeping this number of sources.
    pub(crate) fn sweep_ns(&self, sources: usize) -> u64 {
        // No product of two 32-bit numbers overflows.
        (sources as u64).min(u64::from(u32::MAX)) * u64::from(self.each_ps) / 1_000
    }

    /// Whether a wait on everything, which costs the same however soon it ends, is cheaper than
    /// sweeping through a gap as long as the last ones, or than what this wait has needed so far.
    ///
    /// Without the first, a loop with an event every 2 ms does 45% more work beside 1 000 sources.
    /// Without the second, a loop that falls silent would sweep forever.
    fn prefers_all(&self, all_ns: u64) -> bool {
        let all_ns = all_ns.min(u64::MAX / 100);
        let most_ns = if self.pause_ns > all_ns * SILENCE {
            all_ns / SILENT_SHARE
        } else {
            all_ns
        };
        let worth_ns = all_ns * 100 / self.percent(self.sources);
        self.gap_ns > worth_ns || self.spent_ns.saturating_add(self.waits_ns) > most_ns
    }

    /// The time over which a sweep is spread.
    fn period_ns(&self, cold: usize) -> u64 {
        let cost_ns = self.sweep_ns(cold);
        let delay_ns = self.config.max_delay_ns.saturating_sub(cost_ns);
        // Rounded up, so that the share is kept to the nanosecond.
        let share_ns = (cost_ns * 100).div_ceil(self.percent(cold));
        delay_ns.max(share_ns).max(1)
    }

    /// The percentage of the time that sweeping may take now.
    fn percent(&self, cold: usize) -> u64 {
        let percent = u64::from(self.config.max_sweep_percent);
        if self.empty / EMPTY_SWEEPS < cold {
            percent
        } else {
            percent.div_ceil(2)
        }
    }

    /// How many sources a chunk has, where one is due every `each_ns`.
    fn chunk(&self, cold: usize, each_ns: u64) -> usize {
        let sources = |ns: u64| usize::try_from(ns).unwrap_or(usize::MAX);
        // A wait is interrupted once at most. Without: 20% to 35% more work for 300
        // sources that are seldom ready.
        let mut chunk = CHUNK.max(sources(self.gap_ns / each_ns));
        // No longer than a gap, in which the peer works on its answer. Without: 7% to 11% of the
        // speed where a source costs 1 µs.
        if self.gap_ns >= MIN_CHUNK_NS {
            let gap_ps = self.gap_ns.saturating_mul(1_000);
            chunk = chunk.min(sources(gap_ps / u64::from(self.each_ps.max(1))));
        }
        let chunks = cold.div_ceil(chunk.max(1)).max(MIN_CHUNKS);
        cold.div_ceil(chunks)
    }

    fn found(&mut self, now_ns: u64) {
        if let Some(began_ns) = self.began_ns.take() {
            let sample_ns = (now_ns - began_ns).saturating_sub(self.spent_ns);
            let gap_ns = self.gap_ns.min(LONG_GAP_NS);
            self.gap_ns = gap_ns - gap_ns / 4 + sample_ns / 4;
        }
        (self.spent_ns, self.waits_ns) = (0, 0);
    }

    /// Moves the estimate by an eighth at most, so that it stays near the median, whatever a chunk
    /// takes that is preempted or finds much. The first measurement counts in full, if it is less than
    /// what was guessed.
    fn time_sweep(&mut self, took_ns: u64) {
        let each_ps = took_ns.saturating_mul(1_000) / self.sources.max(1) as u64;
        let each_ps = u32::try_from(each_ps).unwrap_or(u32::MAX);
        self.each_ps = if self.each_ps == UNTIMED_PS {
            each_ps.min(UNTIMED_PS - 1)
        } else {
            let eighth_ps = self.each_ps / 8;
            let most_ps = self.each_ps.saturating_add(eighth_ps + 1);
            each_ps.clamp(self.each_ps - eighth_ps, most_ps)
        };
    }

    /// The time. A clock that has gone back is ignored until it has caught up.
    fn tick(&mut self, now_ns: u64) -> u64 {
        self.now_ns = self.now_ns.max(now_ns);
        self.now_ns
    }
}

#[cfg(all(test, not(target_os = "wasi")))]
mod tests;

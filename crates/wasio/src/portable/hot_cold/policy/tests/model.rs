//! A model host, and a selector that does as the policy says.
//!
//! Times are the model's own, so that the bounds are exact and every failure can be repeated.

use super::super::{Config, MIN_CHUNKS, Policy, SLACK_NS, Step};
use super::{CHUNK, MS, US};

/// A source that turns ready now and then, and when it does so next.
#[derive(Clone, Debug)]
pub(super) struct Talker {
    gap_ns: (u64, u64),
    /// A peer that waits for the answer; otherwise it sends by its own clock.
    closed: bool,
    ready_ns: u64,
    /// Cold since then; `None`: hot, with the poll that it spoke in last.
    cold_since_ns: Option<u64>,
    /// Its place in the sweep: how many sources were polled before it the last time.
    cursor: u64,
    last_poll: u64,
}

impl Talker {
    pub(super) const fn new(min_ns: u64, max_ns: u64, closed: bool) -> Self {
        Self {
            gap_ns: (min_ns, max_ns),
            closed,
            ready_ns: min_ns,
            cold_since_ns: Some(0),
            cursor: 0,
            last_poll: 0,
        }
    }
    pub(super) const fn closed(min_ns: u64, max_ns: u64) -> Self {
        Self::new(min_ns, max_ns, true)
    }
    pub(super) const fn open(min_ns: u64, max_ns: u64) -> Self {
        Self::new(min_ns, max_ns, false)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Hot,
    Cold,
    All,
}

/// A host with 1.5 µs a call and 0.2 µs a source, and a selector that does as [`Policy`] says.
pub(super) struct Sim {
    policy: Policy,
    config: Config,
    pub(super) now_ns: u64,
    random: u64,
    pub(super) per_source_ns: u64,
    /// What a wait on everything costs in addition for each source, after it has ended.
    pub(super) answer_per_source_ns: u64,
    pub(super) handle_ns: u64,
    /// One answer of this number comes half a millisecond late.
    pub(super) held_each: u64,
    /// One sweep of this number is preempted, for 10 ms.
    pub(super) preempt_each: u64,
    /// No peer sends in the second half of each such period.
    pub(super) quiet_period_ns: u64,
    /// The period with which all peers send at once.
    pub(super) storm_period_ns: u64,
    next_storm_ns: u64,
    talkers: Vec<Talker>,
    idle: usize,
    // What happened.
    pub(super) polls: u64,
    pub(super) events: u64,
    /// The time in the host's calls, without sleep.
    pub(super) work_ns: u64,
    /// The waits on everything.
    pub(super) all_waits: u64,
    /// Of cold sources that were ready, from when they were.
    pub(super) delays_ns: Vec<u64>,
    pub(super) hot_waits: u64,
    pub(super) misses: u64,
    pub(super) sweeps: u64,
    pub(super) sweep_ns: u64,
    /// The cold sources polled so far.
    cursor: u64,
    /// What sweeping took beyond its share, in ns × 100, after the last one and at most.
    debt: u64,
    pub(super) worst_debt: u64,
    last_sweep_ns: u64,
    pub(super) worst_delay_ns: u64,
    pub(super) worst_sweep_ns: u64,
    pub(super) worst_chunk_ns: u64,
    worst_slack_ns: u64,
    step_end_ns: u64,
}

impl Sim {
    pub(super) fn new(
        config: Config,
        seed: u64,
        idle: usize,
        talkers: impl IntoIterator<Item = Talker>,
    ) -> Self {
        Self {
            policy: Policy::new(config),
            config,
            now_ns: 0,
            random: seed | 1,
            per_source_ns: 200,
            answer_per_source_ns: 0,
            handle_ns: 5 * US,
            held_each: 0,
            preempt_each: 0,
            quiet_period_ns: 0,
            storm_period_ns: 0,
            next_storm_ns: 0,
            talkers: talkers.into_iter().collect(),
            idle,
            polls: 0,
            events: 0,
            work_ns: 0,
            all_waits: 0,
            delays_ns: Vec::new(),
            hot_waits: 0,
            misses: 0,
            sweeps: 0,
            sweep_ns: 0,
            cursor: 0,
            debt: 0,
            worst_debt: 0,
            last_sweep_ns: 0,
            worst_delay_ns: 0,
            worst_sweep_ns: 0,
            worst_chunk_ns: 0,
            worst_slack_ns: 0,
            step_end_ns: 0,
        }
    }

    pub(super) fn run(&mut self, for_ns: u64) {
        let end_ns = self.now_ns + for_ns;
        while self.now_ns < end_ns {
            self.poll();
        }
    }

    fn random(&mut self, (min, max): (u64, u64)) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        min + self.random % (max - min + 1)
    }

    pub(super) fn poll(&mut self) {
        self.polls += 1;
        let mut steps = 0;
        let mut swept = false;
        let found = loop {
            let hot = self
                .talkers
                .iter()
                .filter(|t| t.cold_since_ns.is_none())
                .count();
            let cold = self.talkers.len() - hot + self.idle;
            let from_ns = self.now_ns;
            self.worst_slack_ns = self.worst_slack_ns.max(from_ns - self.step_end_ns);
            steps += 1;
            assert!(steps <= 5_000, "a poll without end");
            let answer_ns = self.answer_per_source_ns * (hot + cold) as u64;
            let all_ns = self.call_ns(hot + cold) + answer_ns;
            self.worst_sweep_ns = self.worst_sweep_ns.max(self.full_sweep_ns(cold));
            let step = self.policy.next(from_ns, hot, cold, all_ns);
            let sweeps = matches!(step, Step::Sweep { .. });
            assert!(!(sweeps && swept), "two sweeps without a wait between");
            swept = sweeps;
            let found = match step {
                Step::All => {
                    let found = self.wait(Part::All, hot + cold, u64::MAX, 0);
                    self.worst_chunk_ns = self.worst_chunk_ns.max(all_ns);
                    self.policy.all_done(self.now_ns, found.len());
                    self.all_waits += 1;
                    assert!(!found.is_empty());
                    found
                }
                Step::Hot { bound_ns } => {
                    assert!(bound_ns >= SLACK_NS / 4 && hot > 0);
                    let found = self.wait(Part::Hot, hot, bound_ns, 0);
                    self.hot_waits += 1;
                    self.misses += u64::from(found.is_empty());
                    let late_ns = self.now_ns.saturating_sub(from_ns + bound_ns);
                    self.worst_slack_ns = self.worst_slack_ns.max(late_ns);
                    if found.is_empty() || !self.policy.hot_found() {
                        let cost_ns = self.call_ns(hot);
                        self.policy.hot_done(self.now_ns, found.len(), cost_ns);
                    }
                    found
                }
                Step::Sweep { sources } => {
                    assert!((1..=cold).contains(&sources), "{sources} of {cold}");
                    self.sweep(sources, cold)
                }
            };
            self.step_end_ns = self.now_ns;
            if !found.is_empty() {
                break found;
            }
        };
        self.deliver(&found);
    }

    fn sweep(&mut self, sources: usize, cold: usize) -> Vec<usize> {
        let from_ns = self.now_ns;
        let found = self.wait(Part::Cold, cold, 0, sources);
        if self.preempt_each > 0 && self.random((1, self.preempt_each)) == 1 {
            self.now_ns += 10 * MS;
        }
        let took_ns = self.now_ns - from_ns;
        let percent = u64::from(self.config.max_sweep_percent);
        self.debt = self
            .debt
            .saturating_sub((from_ns - self.last_sweep_ns) * percent);
        self.debt += took_ns * 100;
        self.worst_debt = self.worst_debt.max(self.debt);
        self.last_sweep_ns = from_ns;
        self.sweeps += 1;
        self.sweep_ns += took_ns;
        self.worst_chunk_ns = self.worst_chunk_ns.max(took_ns);
        self.policy.sweep_done(self.now_ns, found.len());
        found
    }

    /// What a sweep of this number of cold sources takes at most, in chunks of half the usual length.
    fn full_sweep_ns(&self, cold: usize) -> u64 {
        let chunks = cold.div_ceil(CHUNK / 2).max(MIN_CHUNKS);
        self.per_source_ns * cold as u64 + 1_500 * chunks as u64
    }

    fn call_ns(&self, sources: usize) -> u64 {
        1_500 + self.per_source_ns * sources as u64
    }

    /// Sources that turn ready while the host goes through its array are missed, unless it has
    /// found none and sleeps. `polled` counts the cold ones that are due.
    fn wait(&mut self, part: Part, sources: usize, bound_ns: u64, polled: usize) -> Vec<usize> {
        let start_ns = self.now_ns;
        let cold = sources as u64;
        let sources = if part == Part::Cold { polled } else { sources };
        self.cursor += polled as u64;
        let cursor = self.cursor;
        let within = |t: &Talker| match part {
            Part::All => true,
            Part::Hot => t.cold_since_ns.is_none(),
            Part::Cold => t.cold_since_ns.is_some() && t.cursor + cold <= cursor,
        };
        let first_ns = self
            .talkers
            .iter()
            .filter(|t| within(t))
            .map(|t| t.ready_ns)
            .min()
            .unwrap_or(u64::MAX);
        let wake_ns = first_ns
            .min(start_ns.saturating_add(bound_ns))
            .max(start_ns);
        let calls = if part == Part::Cold {
            sources.div_ceil(CHUNK)
        } else {
            1
        };
        let answer_ns = self.call_ns(sources) + 1_500 * (calls as u64 - 1);
        let after_ns = match part {
            Part::All => self.answer_per_source_ns * sources as u64,
            Part::Hot | Part::Cold => 0,
        };
        self.now_ns = wake_ns.max(start_ns + answer_ns) + after_ns;
        self.work_ns += answer_ns + after_ns;
        let seen = |t: &Talker| within(t) && t.ready_ns <= wake_ns;
        let found = (0..self.talkers.len())
            .filter(|&i| seen(&self.talkers[i]))
            .collect();
        let is_sweep = part == Part::Cold;
        for talker in &mut self.talkers {
            // Others became hot since, so that it may be a few places further on.
            if is_sweep && talker.cold_since_ns.is_some() && talker.cursor + cold <= cursor {
                talker.cursor = (talker.cursor + cold).max(cursor - polled as u64);
            }
        }
        found
    }

    fn deliver(&mut self, found: &[usize]) {
        let found_ns = self.now_ns;
        for &i in found {
            self.events += 1;
            self.now_ns += self.handle_ns;
            let Talker {
                gap_ns,
                closed,
                ready_ns,
                cold_since_ns,
                ..
            } = self.talkers[i];
            if let Some(since_ns) = cold_since_ns {
                let delay_ns = found_ns - ready_ns.max(since_ns);
                self.delays_ns.push(delay_ns);
                self.worst_delay_ns = self.worst_delay_ns.max(delay_ns);
            }
            let from_ns = if closed {
                self.now_ns
            } else {
                ready_ns.max(self.now_ns.saturating_sub(MS))
            };
            let mut next_ns = from_ns + self.random(gap_ns);
            if self.quiet_period_ns > 0 && next_ns % self.quiet_period_ns > self.quiet_period_ns / 2
            {
                next_ns = next_ns.next_multiple_of(self.quiet_period_ns);
            }
            if self.held_each > 0 && self.random((1, self.held_each)) == 1 {
                next_ns += 500 * US;
            }
            let talker = &mut self.talkers[i];
            talker.ready_ns = next_ns;
            talker.cold_since_ns = None;
            talker.last_poll = self.polls;
        }
        let (polls, now_ns) = (self.polls, self.now_ns);
        for talker in &mut self.talkers {
            if talker.last_poll + 64 < polls && talker.cold_since_ns.is_none() {
                talker.cold_since_ns = Some(now_ns);
                talker.cursor = self.cursor;
            }
        }
        if self.storm_period_ns > 0 && now_ns >= self.next_storm_ns {
            self.next_storm_ns = now_ns + self.storm_period_ns;
            self.talkers
                .iter_mut()
                .for_each(|t| t.ready_ns = t.ready_ns.min(now_ns + 300 * US));
        }
    }

    /// The bound of the module's text, for sweeps that cannot be timed apart from their wait, in a
    /// share of this percentage.
    pub(super) fn delay_bound_ns(&self, percent: u64) -> u64 {
        let period_ns = (self.worst_sweep_ns * 100).div_ceil(percent);
        let period_ns = self.config.max_delay_ns.max(period_ns);
        period_ns
            + period_ns / MIN_CHUNKS as u64
            + SLACK_NS
            + 2 * self.worst_chunk_ns
            + 2 * self.worst_slack_ns
    }

    pub(super) fn percent(&self) -> u64 {
        u64::from(self.config.max_sweep_percent)
    }
}

impl std::fmt::Debug for Sim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            config,
            random,
            idle,
            talkers,
            quiet_period_ns,
            storm_period_ns,
            handle_ns,
            ..
        } = self;
        write!(
            f,
            "{config:?} seed {random} idle {idle} quiet {quiet_period_ns} storm {storm_period_ns} "
        )?;
        write!(f, "handle {handle_ns} {talkers:?}")
    }
}

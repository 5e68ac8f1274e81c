//! Each rule by itself; `traffic` shows the bounds under random traffic, `bars` what each costs.

use super::{
    CHUNK, Config, EMPTY_SWEEPS, FEW, LONG_GAP_NS, MIN_CHUNKS, Policy, SILENCE, SILENT_SHARE,
    SLACK_NS, Step, TIMED_EVERY,
};

mod bars;
mod model;
mod traffic;

const US: u64 = 1_000;
const MS: u64 = 1_000_000;
const COLD: usize = 1_000;
/// What polling a chunk takes here, and a sweep.
const CHUNK_NS: u64 = 20 * US;
const SWEEP_NS: u64 = 200 * US;
/// How often a chunk is due by default: a sweep is spread over five times its cost.
const EACH_NS: u64 = 100 * US;
/// What a wait on everything costs: a gap counts as short up to five times that.
const ALL_NS: u64 = 200 * US;

/// A default policy that has seen an event every `gap_ns` for a while and no silence, and the time.
/// The cost of sweeping is known, and everything was just swept.
fn busy(gap_ns: u64) -> (Policy, u64) {
    busy_with(Config::default(), gap_ns)
}

fn busy_with(config: Config, gap_ns: u64) -> (Policy, u64) {
    let mut policy = Policy::new(config);
    policy.each_ps = u32::try_from(CHUNK_NS * 1_000 / CHUNK as u64).unwrap();
    policy.pause_ns = 0;
    let mut now_ns = 7 * MS;
    for _ in 0..40 {
        let _ = policy.next(now_ns, 0, COLD, ALL_NS);
        now_ns += gap_ns;
        policy.all_done(now_ns, 1);
    }
    (policy, now_ns)
}

fn next(policy: &mut Policy, now_ns: u64) -> Step {
    policy.next(now_ns, 1, COLD, ALL_NS)
}

/// How many sources the next step sweeps, if it does.
fn sweep(policy: &mut Policy, now_ns: u64) -> Option<usize> {
    match next(policy, now_ns) {
        Step::Sweep { sources } => Some(sources),
        _ => None,
    }
}

/// Sweeps once, each source at its cost, and gives the time after it.
fn sweep_at(policy: &mut Policy, now_ns: u64, found: usize) -> u64 {
    let sources = sweep(policy, now_ns).expect("no sweep is due");
    let after_ns = now_ns + CHUNK_NS * sources as u64 / CHUNK as u64;
    policy.sweep_done(after_ns, found);
    after_ns
}

/// How long from `now_ns` until the next chunk is due, to the microsecond.
fn due_in_ns(policy: &Policy, now_ns: u64) -> u64 {
    let mut policy = policy.clone();
    policy.swept_last = false;
    let is_due = |wait_ns: &u64| sweep(&mut policy.clone(), now_ns + wait_ns).is_some();
    let first_ns = (0..1_000 * MS).step_by(1_000).find(is_due);
    first_ns.expect("no sweep within a second") + SLACK_NS - US
}

#[test]
fn disabled_or_without_hot_or_with_few_cold_sources_all_are_waited_on() {
    let (policy, now_ns) = busy(10 * US);
    let step = |hot, cold| policy.clone().next(now_ns, hot, cold, ALL_NS);
    assert!(matches!(step(1, FEW), Step::Hot { .. }));
    assert_eq!(step(1, FEW - 1), Step::All);
    assert_eq!(step(0, COLD), Step::All);
    assert!(policy.applies(FEW) && !policy.applies(FEW - 1));
    let config = Config {
        enabled: false,
        ..Config::default()
    };
    let (mut off, now_ns) = busy_with(config, 10 * US);
    assert!(!off.applies(COLD));
    assert_eq!(next(&mut off, now_ns), Step::All);
}

#[test]
fn a_few_quick_events_make_the_loop_busy_and_one_after_a_pause_does_not() {
    let mut policy = Policy::new(Config::default());
    let mut now_ns = 0;
    for idle_ns in [10 * MS, 3_600_000 * MS] {
        let _ = next(&mut policy, now_ns);
        now_ns += idle_ns;
        policy.all_done(now_ns, 1);
        let mut quick = 0;
        while next(&mut policy, now_ns) == Step::All {
            now_ns += 50 * US;
            policy.all_done(now_ns, 1);
            quick += 1;
        }
        assert!((2..=5).contains(&quick), "{quick} events after {idle_ns}");
        policy.hot_done(now_ns + 50 * US, 1, 0);
        now_ns += 50 * US;
    }
}

#[test]
fn a_gap_in_which_sweeping_costs_as_much_is_waited_for_on_everything() {
    for (percent, gap_ns, all) in [
        (20, 5 * ALL_NS - 50 * US, false),
        (20, 5 * ALL_NS + 50 * US, true),
        (50, 2 * ALL_NS - 50 * US, false),
        (50, 2 * ALL_NS + 50 * US, true),
    ] {
        let config = Config {
            max_sweep_percent: percent,
            ..Config::default()
        };
        let (mut policy, now_ns) = busy_with(config, gap_ns);
        let step = next(&mut policy, now_ns);
        assert_eq!(step == Step::All, all, "{percent} {gap_ns}: {step:?}");
    }
}

#[test]
fn a_hot_wait_ends_when_the_next_chunk_is_due_and_a_near_one_goes_first() {
    let config = Config {
        max_delay_ns: 10 * MS,
        ..Config::default()
    };
    let (policy, now_ns) = busy_with(config, 40 * US);
    let due_ns = now_ns + due_in_ns(&policy, now_ns);
    let at = |before_ns| next(&mut policy.clone(), due_ns - before_ns);
    for before_ns in [SLACK_NS + US, SLACK_NS + 300 * US] {
        assert!(
            matches!(at(before_ns), Step::Hot { bound_ns } if bound_ns.abs_diff(before_ns) <= US)
        );
    }
    for before_ns in [SLACK_NS - US, 0] {
        assert_eq!(at(before_ns), Step::Sweep { sources: CHUNK });
    }
}

#[test]
fn what_is_overdue_is_swept_at_once_and_nothing_older_is_made_up_for() {
    for (later_ns, sources) in [
        (EACH_NS / 2, 100),
        (2 * EACH_NS, 200),
        (5 * EACH_NS + 10 * US, 510),
        (10 * EACH_NS, COLD),
        (1_000 * MS, COLD),
    ] {
        let (mut policy, now_ns) = busy(30 * US);
        let later_ns = now_ns + later_ns;
        assert_eq!(sweep(&mut policy.clone(), later_ns), Some(sources));
        sweep_at(&mut policy, later_ns, 0);
        let paid_ns = now_ns.max(later_ns - MS) + EACH_NS * sources as u64 / CHUNK as u64;
        assert!(policy.paid_ns.abs_diff(paid_ns) <= US, "{sources}");
    }
}

#[test]
fn a_sweep_is_in_equal_chunks_that_fit_into_a_gap() {
    for (cold, gap_ns, each_ns, chunk) in [
        (16, 20 * US, 200, 4),
        (100, 20 * US, 200, 25),
        (410, 20 * US, 200, 82),
        (COLD, 20 * US, 200, 100),
        // No longer than a gap, unless the call is worth more than that.
        (COLD, 12 * US, 200, 59),
        (COLD, 12 * US, 1_000, 12),
        (COLD, 35 * US, 1_000, 35),
        (COLD, 9 * US, 1_000, 100),
        // One per gap at most, but four per sweep.
        (COLD, 150 * US, 200, 143),
        (COLD, 900 * US, 200, 250),
        (8_000, 900 * US, 200, 889),
    ] {
        let (mut policy, _) = busy(gap_ns);
        (policy.gap_ns, policy.each_ps) = (gap_ns, each_ns * 1_000);
        let due_ns = policy.period_ns(cold).div_ceil(cold as u64);
        let got = policy.chunk(cold, due_ns);
        assert_eq!(got, chunk, "{cold} {gap_ns} {each_ns}");
        assert!(cold.div_ceil(got) >= MIN_CHUNKS);
    }
}

#[test]
fn the_end_of_one_wait_in_four_is_timed() {
    let (mut policy, mut now_ns) = busy(20 * US);
    let mut timed = 0;
    for _ in 0..100 {
        if let Some(sources) = sweep(&mut policy, now_ns) {
            now_ns += CHUNK_NS * sources as u64 / CHUNK as u64;
            policy.sweep_done(now_ns, 0);
            let _ = next(&mut policy, now_ns);
        }
        now_ns += 60 * US;
        if !policy.hot_found() {
            timed += 1;
            policy.hot_done(now_ns, 1, 0);
        }
        // Neither the sweep nor what the caller does with the event is a part of the gap.
        now_ns += 40 * US;
    }
    assert_eq!((timed, TIMED_EVERY), (25, 4));
    assert!(policy.gap_ns.abs_diff(60 * US) < US, "{}", policy.gap_ns);
}

#[test]
fn after_empty_sweeps_the_share_is_halved_until_one_finds_something() {
    let (mut policy, mut now_ns) = busy(30 * US);
    let mut sweeps = |count: usize, found| {
        for _ in 0..count {
            now_ns = sweep_at(&mut policy, now_ns + 500 * MS, found);
            let _ = next(&mut policy, now_ns);
            policy.hot_done(now_ns + 30 * US, 1, 0);
        }
        policy.period_ns(COLD)
    };
    assert_eq!(sweeps(EMPTY_SWEEPS - 1, 0), 5 * SWEEP_NS);
    assert_eq!(sweeps(1, 0), 10 * SWEEP_NS);
    assert_eq!(sweeps(1, 1), 5 * SWEEP_NS);
}

#[test]
fn a_chunk_that_is_swept_early_puts_the_next_one_off() {
    let (mut policy, now_ns) = busy(30 * US);
    let early_ns = now_ns + 10 * US;
    assert!(due_in_ns(&policy, now_ns).abs_diff(EACH_NS) <= US);
    sweep_at(&mut policy, early_ns, 0);
    let due_ns = now_ns + 2 * EACH_NS;
    assert!(due_in_ns(&policy, early_ns).abs_diff(due_ns - early_ns) <= US);
}

#[test]
fn a_wait_on_everything_counts_as_a_sweep() {
    let (mut policy, now_ns) = busy(30 * US);
    let now_ns = now_ns + 90 * US;
    policy.all_done(now_ns, 0);
    assert!(due_in_ns(&policy, now_ns).abs_diff(EACH_NS) <= US);
}

#[test]
fn the_longest_delay_counts_from_sweep_to_sweep() {
    let config = Config {
        max_delay_ns: 5 * MS,
        ..Config::default()
    };
    let (policy, now_ns) = busy_with(config, 30 * US);
    // A tenth of 5 ms less what a sweep takes.
    assert_eq!(due_in_ns(&policy, now_ns), 480 * US);
}

#[test]
fn a_quiet_loop_sweeps_until_that_costs_as_much_as_a_wait_on_everything() {
    for (all_ns, pause_ns, share) in [
        (ALL_NS, 0, 1),
        (1_500 * US, 40 * 1_500 * US, 1),
        (5 * MS, 0, 1),
        (5 * MS, 60 * 5 * MS, SILENT_SHARE),
    ] {
        let (mut policy, mut now_ns) = busy(40 * US);
        policy.pause_ns = pause_ns;
        let from_ns = now_ns;
        let (mut swept_ns, mut waits_ns) = (0, 0);
        loop {
            match policy.next(now_ns, 1, COLD, all_ns) {
                Step::All => break,
                Step::Hot { bound_ns } => {
                    now_ns += bound_ns;
                    waits_ns += 2 * US;
                    policy.hot_done(now_ns, 0, 2 * US);
                }
                Step::Sweep { sources } => {
                    let took_ns = CHUNK_NS * sources as u64 / CHUNK as u64;
                    now_ns += took_ns;
                    policy.sweep_done(now_ns, 0);
                    swept_ns += took_ns;
                }
            }
            assert!(now_ns < from_ns + 100 * MS, "no end");
        }
        let (spent_ns, least_ns) = (swept_ns + waits_ns, all_ns / share);
        let most_ns = least_ns + SWEEP_NS;
        assert!((least_ns..=most_ns).contains(&spent_ns), "{spent_ns}");
        // At a fifth of the time.
        assert!(now_ns - from_ns > 4 * swept_ns, "{}", now_ns - from_ns);
        // The next poll starts from the beginning.
        policy.all_done(now_ns, 0);
        let step = policy.next(now_ns, 1, COLD, all_ns);
        assert!(matches!(step, Step::Hot { .. } | Step::Sweep { .. }));
    }
}

/// The time from the last event to the wait on everything, in a loop that is silent for `silence_ns`
/// again and again.
#[test]
fn after_a_silence_the_next_one_is_taken_to_be_as_long() {
    let spent_ns = |silence_ns| {
        let (mut policy, mut now_ns) = busy(40 * US);
        let mut spent_ns = 0;
        for _ in 0..3 {
            spent_ns = 0;
            let from_ns = now_ns;
            loop {
                match policy.next(now_ns, 1, COLD, MS) {
                    Step::All => break,
                    Step::Hot { bound_ns } => {
                        now_ns += bound_ns;
                        policy.hot_done(now_ns, 0, US);
                    }
                    Step::Sweep { sources } => {
                        spent_ns += CHUNK_NS * sources as u64 / CHUNK as u64;
                        now_ns += CHUNK_NS * sources as u64 / CHUNK as u64;
                        policy.sweep_done(now_ns, 0);
                    }
                }
            }
            now_ns = now_ns.max(from_ns + silence_ns);
            policy.all_done(now_ns, 1);
            for _ in 0..20 {
                let _ = policy.next(now_ns, 0, COLD, MS);
                now_ns += 40 * US;
                policy.all_done(now_ns, 1);
            }
        }
        spent_ns
    };
    let (short_ns, long_ns) = (spent_ns(20 * MS), spent_ns((SILENCE + 10) * MS));
    assert!((800 * US..1_100 * US).contains(&short_ns), "{short_ns}");
    assert!((150 * US..450 * US).contains(&long_ns), "{long_ns}");
}

// A program that polls with a zero timeout beside its own work: the backend does not call
// `hot_done`.
#[test]
fn hot_waits_without_a_result_do_not_put_sweeps_off() {
    let (mut policy, mut now_ns) = busy(50 * US);
    let from_ns = now_ns;
    let mut swept = 0;
    while now_ns < from_ns + 100 * MS {
        match policy.next(now_ns, 1, COLD, 1_000 * MS) {
            Step::All => panic!("a wait on everything"),
            Step::Hot { .. } => now_ns += 30 * US,
            Step::Sweep { sources } => {
                now_ns += CHUNK_NS * sources as u64 / CHUNK as u64;
                policy.sweep_done(now_ns, 0);
                swept += sources;
            }
        }
    }
    // Every 1 ms, and every 2 ms after 16 sweeps.
    let sweeps = swept / COLD;
    assert!((56..=60).contains(&sweeps), "{sweeps}");
}

#[test]
fn after_a_sweep_the_next_step_is_never_a_sweep() {
    for later_ns in [0, 1, MS, 1_000 * MS] {
        let (mut policy, now_ns) = busy(50 * US);
        let now_ns = sweep_at(&mut policy, now_ns + MS, 0) + later_ns;
        let step = next(&mut policy, now_ns);
        assert!(matches!(step, Step::Hot { bound_ns } if bound_ns >= SLACK_NS / 4));
        assert!(later_ns < MS || sweep(&mut policy, now_ns).is_some());
    }
}

/// The estimated cost of a chunk after sweeps that took so long per chunk.
fn estimate_ns(took_ns: impl IntoIterator<Item = u64>) -> u64 {
    let (mut policy, _) = busy(30 * US);
    for took_ns in took_ns {
        policy.sources = CHUNK;
        let now_ns = policy.now_ns;
        policy.sweep_done(now_ns + took_ns, 0);
    }
    policy.sweep_ns(CHUNK)
}

#[test]
fn the_estimate_is_near_the_median() {
    let slow = |count| std::iter::repeat_n(2 * CHUNK_NS, count);
    assert_eq!(estimate_ns(slow(1)), CHUNK_NS * 9 / 8);
    assert_eq!(estimate_ns(slow(8)), 2 * CHUNK_NS);
    assert!(estimate_ns(slow(8).chain([CHUNK_NS])) > CHUNK_NS * 3 / 2);
    assert_eq!(estimate_ns(slow(8).chain([CHUNK_NS; 8])), CHUNK_NS);
    // One of five is preempted.
    let preempted = (0..500).map(|i| if i % 5 == 4 { 500 * MS } else { CHUNK_NS });
    assert!(estimate_ns(preempted) <= CHUNK_NS * 9 / 8);
    // A clock of milliseconds.
    let coarse = (0..100).map(|i| if i % 50 == 0 { MS } else { 0 });
    assert!(estimate_ns(coarse) <= US);
}

#[test]
fn before_it_was_measured_sweeping_is_taken_to_cost_2_us_per_source() {
    let policy = Policy::new(Config::default());
    assert_eq!(policy.sweep_ns(COLD), 2 * MS);
}

#[test]
fn the_time_of_a_sweep_is_no_gap() {
    let (mut policy, now_ns) = busy(50 * US);
    policy.hot_done(now_ns + US, 1, 0);
    assert!(sweep(&mut policy, now_ns + MS).is_some());
    let now_ns = now_ns + 9 * MS;
    policy.sweep_done(now_ns, 0);
    policy.hot_done(now_ns + 50 * US, 1, 0);
    assert!(policy.gap_ns <= 51 * US, "{}", policy.gap_ns);
}

#[test]
fn a_clock_that_stands_still_stops_neither_sweeps_nor_waits() {
    for found in [0, 1] {
        let mut policy = Policy::new(Config::default());
        let (mut quick, mut since_sweep) = (0, 0);
        for _ in 0..10_000 {
            match policy.next(5, 1, COLD, MS) {
                Step::All => {
                    policy.all_done(5, 1);
                    since_sweep = 0;
                }
                Step::Hot { .. } => {
                    policy.hot_done(5, found, 0);
                    quick += found;
                }
                Step::Sweep { .. } => {
                    policy.sweep_done(5, 0);
                    since_sweep = 0;
                }
            }
            since_sweep += 1;
            assert!(since_sweep <= 1_000 && (found > 0 || since_sweep <= 3));
        }
        assert_eq!(quick > 4_000, found > 0);
    }
}

#[test]
fn a_clock_that_goes_back_does_not_stop_sweeps() {
    let (mut policy, now_ns) = busy(50 * US);
    let back_ns = now_ns / 2;
    let mut swept = 0;
    for poll in 0..10_000 {
        let at_ns = back_ns + poll * US;
        match next(&mut policy, at_ns) {
            Step::All => {
                policy.all_done(at_ns, 1);
                swept += 1;
            }
            Step::Sweep { .. } => {
                policy.sweep_done(at_ns, 0);
                swept += 1;
            }
            Step::Hot { .. } => policy.hot_done(at_ns, 1, 0),
        }
    }
    assert!(swept > 50, "{swept}");
}

#[test]
fn a_loop_that_is_busy_with_its_events_waits_on_the_prefix() {
    for handling_ns in [0, 500 * US, 2 * MS, 20 * MS] {
        let mut policy = Policy::new(Config::default());
        let mut now_ns = MS;
        let mut hot = 0;
        for _ in 0..100 {
            let mut step = policy.next(now_ns, 256, COLD, ALL_NS);
            if matches!(step, Step::Sweep { .. }) {
                now_ns += SWEEP_NS;
                policy.sweep_done(now_ns, 0);
                step = policy.next(now_ns, 256, COLD, ALL_NS);
            }
            if step == Step::All {
                now_ns += 250 * US;
                policy.all_done(now_ns, 200);
            } else {
                now_ns += 50 * US;
                policy.hot_done(now_ns, 200, 0);
                hot += 1;
            }
            now_ns += handling_ns;
        }
        assert!(hot > 90, "{hot} of 100 with {handling_ns} ns of work");
    }
}

#[test]
fn a_pause_of_any_length_counts_as_a_long_gap() {
    let (mut policy, now_ns) = busy(50 * US);
    let _ = policy.next(now_ns, 0, COLD, ALL_NS);
    policy.all_done(now_ns + 3_600_000 * MS, 1);
    let _ = policy.next(policy.now_ns, 0, COLD, ALL_NS);
    policy.all_done(policy.now_ns + 50 * US, 1);
    assert!(policy.gap_ns < LONG_GAP_NS, "{}", policy.gap_ns);
}

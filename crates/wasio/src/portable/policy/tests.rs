//! Each rule by itself; `traffic` has the model host, and shows the bounds under random traffic.

use super::{COOL_AFTER, Config, EARLY_NS, FEW_COLD, OUTLIER_NS, Policy, STALLED_STEPS, Step};

mod traffic;

const US: u64 = 1_000;
const MS: u64 = 1_000_000;
const COLD: usize = 1_000;
const SWEEP_NS: u64 = 200 * US;

/// A default policy that has seen events each `gap_ns` for a while, its sweep timed, and the time.
fn busy(gap_ns: u64) -> (Policy, u64) {
    let mut policy = Policy::new(Config::default());
    let mut now_ns = 7 * MS;
    for _ in 0..40 {
        policy.all_done(now_ns, now_ns + gap_ns, 0, 1);
        now_ns += gap_ns;
    }
    now_ns += MS;
    assert_eq!(policy.next(now_ns, 1, COLD), Step::Sweep);
    policy.sweep_done(now_ns, now_ns + SWEEP_NS, 0);
    (policy, now_ns + SWEEP_NS)
}

/// How long after its last look, at `now_ns`, the next sweep is due: to the microsecond, for gaps
/// up to 20 µs.
fn due_in_ns(policy: &Policy, now_ns: u64) -> u64 {
    let mut policy = policy.clone();
    policy.next(now_ns, 1, COLD); // The step after a sweep is never one.
    let is_sweep = |wait_ns: &u64| policy.clone().next(now_ns + wait_ns, 1, COLD) == Step::Sweep;
    let first_ns = (0..1_000 * MS).step_by(1_000).find(is_sweep);
    first_ns.expect("no sweep within a second") + EARLY_NS.0 - US
}

#[test]
fn disabled_or_without_hot_or_with_few_cold_sources_all_are_waited_on() {
    let (policy, now_ns) = busy(50 * US);
    let hot = |hot, cold| matches!(policy.clone().next(now_ns, hot, cold), Step::Hot { .. });
    assert!(hot(1, FEW_COLD));
    assert!(!hot(1, FEW_COLD - 1));
    assert!(!hot(0, COLD));
    assert!(policy.applies(FEW_COLD) && !policy.applies(FEW_COLD - 1));
    let mut off = Policy::new(Config {
        enabled: false,
        ..Config::default()
    });
    assert!(!off.applies(COLD));
    for now_ns in (0..10_000).map(|i| i * 10 * US) {
        assert_eq!(off.next(now_ns, 1, COLD), Step::All);
        off.all_done(now_ns, now_ns + 10 * US, 0, 1);
    }
}

#[test]
fn a_few_quick_events_make_the_loop_busy_and_one_after_a_pause_does_not() {
    let mut policy = Policy::new(Config::default());
    let mut now_ns = 0;
    for idle_ns in [0, 10 * MS, 3_600_000 * MS] {
        now_ns += idle_ns;
        policy.all_done(now_ns, now_ns, 0, 1);
        let quick = (0..100_usize).find(|_| {
            let step = policy.next(now_ns, 1, COLD);
            policy.all_done(now_ns, now_ns + 50 * US, 0, 1);
            now_ns += 50 * US;
            matches!(step, Step::Hot { .. })
        });
        let quick = quick.expect("never busy");
        assert!(
            (2..=5).contains(&quick),
            "{quick} quick events after {idle_ns} ns"
        );
    }
}

#[test]
fn the_bound_is_four_gaps_within_its_limits() {
    for (gap_ns, bound_ns) in [
        (US, 100 * US),
        (50 * US, 200 * US),
        (100 * US, 400 * US),
        (700 * US, 800 * US),
    ] {
        let (mut policy, now_ns) = busy(gap_ns);
        let Step::Hot { bound_ns: got_ns } = policy.next(now_ns, 1, COLD) else {
            panic!("not busy at {gap_ns}");
        };
        // At 700 µs the next sweep, 800 µs away, ends the wait first.
        assert!(got_ns.abs_diff(bound_ns) <= 25 * US, "{gap_ns}: {got_ns}");
    }
    let patient = Config {
        max_delay_ns: 50 * MS,
        ..Config::default()
    };
    let mut policy = Policy::new(patient);
    for i in 0..40 {
        policy.all_done(i * 700 * US, (i + 1) * 700 * US, 0, 1);
    }
    assert_eq!(policy.next(28 * MS, 1, COLD), Step::Hot { bound_ns: MS });
}

#[test]
fn a_hot_wait_ends_when_the_next_sweep_is_due_and_a_near_sweep_goes_first() {
    for (gap_ns, near_ns) in [(5 * US, 20 * US), (50 * US, 50 * US), (120 * US, 100 * US)] {
        let (mut policy, now_ns) = busy(gap_ns);
        let due_ns = now_ns + 800 * US; // Four times the sweep of 200 µs.
        assert!(matches!(policy.next(now_ns, 1, COLD), Step::Hot { .. }));
        let at = |before_ns| policy.clone().next(due_ns - before_ns, 1, COLD);
        for before_ns in [near_ns + 5 * US, near_ns + US] {
            assert!(matches!(at(before_ns), Step::Hot { bound_ns } if bound_ns <= before_ns));
        }
        assert_eq!(at(near_ns - US), Step::Sweep);
        assert_eq!(at(0), Step::Sweep);
    }
}

#[test]
fn a_sweep_made_early_is_made_up_for_in_the_next_pause() {
    let (mut policy, now_ns) = busy(10 * US);
    let _ = policy.next(now_ns, 1, COLD);
    assert_eq!(policy.next(now_ns + 785 * US, 1, COLD), Step::Sweep);
    let now_ns = now_ns + 985 * US;
    policy.sweep_done(now_ns - SWEEP_NS, now_ns, 0);
    assert_eq!(due_in_ns(&policy, now_ns), 815 * US);
}

#[test]
fn a_miss_is_followed_by_a_wait_on_everything() {
    let (mut policy, now_ns) = busy(50 * US);
    assert!(matches!(policy.next(now_ns, 1, COLD), Step::Hot { .. }));
    policy.hot_done(now_ns, 0); // Even one that the caller's zero timeout cut short.
    assert_eq!(policy.next(now_ns, 1, COLD), Step::All);
    assert!(matches!(policy.next(now_ns, 1, COLD), Step::Hot { .. }));
}

/// Waits on the prefix, for so many percent of the bound and with so many found; how often did that
/// cool all?
fn cooled(waits: &[(u64, usize)]) -> usize {
    let (mut policy, mut now_ns) = busy(50 * US);
    let mut cooled = 0;
    for &(percent, found) in waits {
        for _ in 0..9 {
            policy.all_done(now_ns, now_ns + 50 * US, 0, 1); // Others keep the loop busy.
            now_ns += 50 * US;
        }
        let Step::Hot { bound_ns } = policy.next(now_ns, 1, COLD) else {
            panic!("no wait on the prefix");
        };
        now_ns += bound_ns * percent / 100;
        policy.hot_done(now_ns, found);
        let step = policy.next(now_ns, 1, COLD);
        assert_eq!(step == Step::All, found == 0);
        cooled += usize::from(policy.take_cool_all());
        assert!(!policy.take_cool_all(), "taken twice");
    }
    cooled
}

#[test]
fn three_misses_in_a_row_cool_all_unless_a_hit_or_a_short_wait_comes_between() {
    const MISS: (u64, usize) = (100, 0);
    const SHORT: (u64, usize) = (90, 0);
    const HIT: (u64, usize) = (50, 1);
    assert_eq!(usize::from(COOL_AFTER), 3);
    assert_eq!(cooled(&[MISS, MISS]), 0);
    assert_eq!(cooled(&[MISS, MISS, MISS]), 1);
    assert_eq!(cooled(&[MISS; 9]), 3);
    assert_eq!(cooled(&[MISS, MISS, HIT, MISS, MISS]), 0);
    assert_eq!(cooled(&[SHORT; 9]), 0);
    assert_eq!(cooled(&[MISS, SHORT, MISS, SHORT, MISS]), 1);
}

// A program that polls with a zero timeout beside its own work: the selector does not tell of it.
#[test]
fn hot_waits_that_are_not_told_of_do_not_put_sweeps_off() {
    let (mut policy, mut now_ns) = busy(50 * US);
    let end_ns = now_ns + 100 * MS;
    let mut sweeps = 0;
    while now_ns < end_ns {
        match policy.next(now_ns, 1, COLD) {
            Step::All => panic!("a wait on everything"),
            Step::Hot { .. } => now_ns += 30 * US,
            Step::Sweep => {
                policy.sweep_done(now_ns, now_ns + SWEEP_NS, 0);
                now_ns += SWEEP_NS;
                sweeps += 1;
            }
        }
    }
    assert!((95..=101).contains(&sweeps), "{sweeps}");
}

#[test]
fn after_a_sweep_the_next_step_is_never_a_sweep() {
    for (later_ns, due) in [(0, false), (1, false), (MS, true), (1_000 * MS, true)] {
        let (mut policy, now_ns) = busy(50 * US);
        let now_ns = now_ns + later_ns;
        let step = policy.next(now_ns, 1, COLD);
        assert!(matches!(step, Step::Hot { bound_ns } if bound_ns >= EARLY_NS.0));
        assert_eq!(policy.next(now_ns, 1, COLD) == Step::Sweep, due);
    }
}

#[test]
#[cfg_attr(
    miri,
    ignore = "half a minute there, and the others take the same steps"
)]
fn the_estimate_follows_quickly_up_and_slowly_down() {
    let (mut policy, now_ns) = busy(10 * US);
    assert_eq!(due_in_ns(&policy, now_ns), 800 * US);
    let mut sweep = |took_ns| {
        assert!(matches!(policy.next(now_ns, 1, COLD), Step::Hot { .. }));
        assert_eq!(policy.next(now_ns + 999 * MS, 1, COLD), Step::Sweep);
        policy.sweep_done(now_ns - took_ns, now_ns, 0);
        due_in_ns(&policy, now_ns)
    };
    assert_eq!(sweep(400 * US), 1_600 * US);
    assert_eq!(sweep(200 * US), 1_500 * US);
    let slow = (0..40).map(|_| sweep(200 * US)).last();
    assert!(
        slow.is_some_and(|ns| (800 * US..810 * US).contains(&ns)),
        "{slow:?}"
    );
}

#[test]
fn one_preempted_sweep_does_not_suspend_sweeps() {
    let (mut policy, now_ns) = busy(10 * US);
    let _ = policy.next(now_ns, 1, COLD);
    assert_eq!(policy.next(now_ns + MS, 1, COLD), Step::Sweep);
    let now_ns = now_ns + 500 * MS;
    policy.sweep_done(now_ns - 499 * MS, now_ns, 0);
    assert_eq!(due_in_ns(&policy, now_ns), 4 * (2 * SWEEP_NS + OUTLIER_NS));
}

#[test]
fn a_wait_on_everything_counts_as_a_look() {
    let (mut policy, now_ns) = busy(10 * US);
    let now_ns = now_ns + 700 * US;
    policy.all_done(now_ns - 600 * US, now_ns, 0, 0);
    assert_eq!(due_in_ns(&policy, now_ns), 800 * US);
}

#[test]
fn a_wait_on_everything_lowers_an_estimate_that_it_disproves() {
    let (mut policy, now_ns) = busy(10 * US);
    for _ in 0..40 {
        policy.all_done(now_ns - 100 * US, now_ns, 0, 0);
    }
    let now_ns = now_ns + 900 * MS;
    policy.all_done(now_ns - 900 * MS, now_ns, 0, 0); // Mostly waiting: tells nothing.
    let due_ns = due_in_ns(&policy, now_ns);
    assert!((895 * US..=900 * US).contains(&due_ns), "{due_ns}"); // 1 ms less the sweep.
}

#[test]
fn a_sweep_longer_than_the_estimate_counts_in_full_against_the_delay() {
    let mut policy = Policy::new(Config {
        enabled: true,
        max_delay_ns: 5 * MS,
        max_sweep_percent: 50,
    });
    for i in 0..40 {
        policy.all_done(i * 10 * US, (i + 1) * 10 * US, 0, 1);
    }
    assert_eq!(policy.next(6 * MS, 1, FEW_COLD), Step::Sweep);
    policy.sweep_done(6 * MS, 9 * MS, 0); // The estimate stops at 0.5 ms and 4 µs a source.
    let _ = policy.next(9 * MS, 1, FEW_COLD);
    assert_ne!(policy.next(11 * MS - 21 * US, 1, FEW_COLD), Step::Sweep);
    assert_eq!(policy.next(11 * MS, 1, FEW_COLD), Step::Sweep);
}

#[test]
fn the_time_of_a_sweep_is_no_gap() {
    let (mut policy, now_ns) = busy(50 * US);
    policy.hot_done(now_ns, 1);
    let _ = policy.next(now_ns, 1, COLD);
    assert_eq!(policy.next(now_ns + MS, 1, COLD), Step::Sweep);
    let now_ns = now_ns + 9 * MS;
    policy.sweep_done(now_ns - 8 * MS, now_ns, 0);
    policy.hot_done(now_ns + 50 * US, 1);
    assert!(matches!(
        policy.next(now_ns + 50 * US, 1, COLD),
        Step::Hot { .. }
    ));
}

#[test]
fn a_gap_longer_than_the_pause_is_waited_for_on_everything() {
    for (max_delay_ns, busy) in [(MS, true), (400 * US, true), (200 * US, false)] {
        let mut policy = Policy::new(Config {
            max_delay_ns,
            ..Config::default()
        });
        assert_eq!(policy.next(0, 1, COLD), Step::All);
        for i in 0..40 {
            policy.all_done(i * 300 * US, (i + 1) * 300 * US, 0, 1);
        }
        let _ = policy.next(12 * MS, 1, 100); // Perhaps a sweep, to time it.
        policy.sweep_done(12 * MS - 20 * US, 12 * MS, 0);
        let step = policy.next(12 * MS, 1, 100);
        assert_eq!(step != Step::All, busy, "{max_delay_ns}: {step:?}");
    }
}

#[test]
fn a_cold_part_that_shrank_and_grew_is_timed_again() {
    const MANY: usize = 4_000;
    let mut policy = Policy::new(Config::default());
    let mut now_ns = 0;
    for round in 0..3 {
        let mut sweeps = 0;
        for _ in 0..20 {
            policy.all_done(now_ns, now_ns + 7_600 * US, 0, 1);
            now_ns += 7_650 * US;
            if policy.next(now_ns, 1, MANY) == Step::Sweep {
                policy.sweep_done(now_ns, now_ns + 7_500 * US, 0);
                now_ns += 7_500 * US;
                sweeps += 1;
            }
        }
        assert!((1..=2).contains(&sweeps), "{sweeps} in round {round}");
        for _ in 0..100 {
            assert_eq!(policy.next(now_ns, 1, FEW_COLD - 1), Step::All);
            policy.all_done(now_ns, now_ns + 30 * US, 0, 1);
            now_ns += 30 * US;
        }
    }
}

#[test]
fn a_clock_that_stands_still_does_not_stop_sweeps() {
    let mut policy = Policy::new(Config::default());
    let mut since_look = 0;
    let mut sweeps = 0;
    for _ in 0..10 * STALLED_STEPS {
        match policy.next(5, 1, COLD) {
            Step::All => policy.all_done(5, 5, 0, 1),
            Step::Hot { .. } => policy.hot_done(5, 1),
            Step::Sweep => {
                policy.sweep_done(5, 5, 0);
                sweeps += 1;
                since_look = 0;
            }
        }
        since_look += 1;
        assert!(since_look <= STALLED_STEPS + 2);
    }
    assert!((5..=11).contains(&sweeps), "{sweeps}");
}

#[test]
fn a_clock_that_goes_back_does_not_stop_sweeps() {
    let (mut policy, now_ns) = busy(50 * US);
    let back_ns = now_ns / 2;
    assert!(matches!(policy.next(back_ns, 1, COLD), Step::Hot { .. }));
    assert!(matches!(
        policy.next(back_ns + 600 * US, 1, COLD),
        Step::Hot { .. }
    ));
    assert_eq!(policy.next(back_ns + 800 * US, 1, COLD), Step::Sweep);
}

#[test]
fn a_loop_that_is_busy_with_its_events_waits_on_the_prefix() {
    for handling_ns in [0, 500 * US, 2 * MS, 20 * MS] {
        let mut policy = Policy::new(Config::default());
        let mut now_ns = MS;
        let mut hot = 0;
        for _ in 0..100 {
            let mut step = policy.next(now_ns, 256, COLD);
            if step == Step::Sweep {
                policy.sweep_done(now_ns, now_ns + SWEEP_NS, 0);
                now_ns += SWEEP_NS;
                step = policy.next(now_ns, 256, COLD);
            }
            if step == Step::All {
                policy.all_done(now_ns, now_ns + 250 * US, 250 * US, 200);
            } else {
                policy.hot_done(now_ns + 50 * US, 200);
                hot += 1;
            }
            now_ns += 50 * US + handling_ns;
        }
        assert!(hot > 90, "{hot} of 100 with {handling_ns} ns of work");
    }
}

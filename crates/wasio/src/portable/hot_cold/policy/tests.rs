//! Each rule by itself; `traffic` shows the bounds under random traffic.

use super::{
    COOL_AFTER, Config, EARLY_NS, FEW_COLD, FIRST_LOOKS, Policy, SILENT_TURNS, STALLED_STEPS, Step,
};

mod model;
mod traffic;

const US: u64 = 1_000;
const MS: u64 = 1_000_000;
const COLD: usize = 1_000;
const PIECE: usize = 100;
/// What a look at a piece takes here, and one at all.
const LOOK_NS: u64 = 20 * US;
const ALL_LOOKS_NS: u64 = 200 * US;
/// How often one is due by default: a turn through all is to take five times as long as its looks.
const EACH_NS: u64 = 100 * US;

/// A default policy that has seen events each `gap_ns` for a while, its looks timed, and the time.
fn busy(gap_ns: u64) -> (Policy, u64) {
    busy_with(Config::default(), gap_ns)
}

fn busy_with(config: Config, gap_ns: u64) -> (Policy, u64) {
    let mut policy = Policy::new(config, PIECE);
    let mut now_ns = 7 * MS;
    for _ in 0..40 {
        policy.all_done(now_ns, now_ns + gap_ns, 0, 1);
        now_ns += gap_ns;
    }
    for _ in 0..FIRST_LOOKS {
        now_ns += 50 * MS;
        let sources = sweep(&mut policy, now_ns, COLD).expect("none is due");
        now_ns += LOOK_NS * sources as u64 / PIECE as u64;
        policy.sweep_done(now_ns - LOOK_NS * sources as u64 / PIECE as u64, now_ns, 0);
        let step = policy.next(now_ns, 1, COLD, 0);
        assert!(matches!(step, Step::Hot { .. }), "{step:?}");
    }
    assert_eq!(policy.look_ns(PIECE), LOOK_NS);
    policy.last_found_ns = Some(now_ns);
    (policy.looks_ns, policy.in_vain) = (0, 0);
    (policy, now_ns)
}

/// At how many sources the next step looks, if it does.
fn sweep(policy: &mut Policy, now_ns: u64, cold: usize) -> Option<usize> {
    match policy.next(now_ns, 1, cold, 0) {
        Step::Sweep { sources } => Some(sources),
        _ => None,
    }
}

/// How long from `now_ns`, after a look, until the next one is due: to the microsecond, for gaps up to
/// 20 µs.
fn due_in_ns(policy: &Policy, now_ns: u64) -> u64 {
    let mut policy = policy.clone();
    policy.next(now_ns, 1, COLD, 0); // The step after a look is never one.
    let is_due = |wait_ns: &u64| sweep(&mut policy.clone(), now_ns + wait_ns, COLD).is_some();
    let first_ns = (0..1_000 * MS).step_by(1_000).find(is_due);
    first_ns.expect("no look within a second") + EARLY_NS.0 - US
}

#[test]
fn disabled_or_without_hot_or_with_few_cold_sources_all_are_waited_on() {
    let (policy, now_ns) = busy(50 * US);
    let hot = |hot, cold| matches!(policy.clone().next(now_ns, hot, cold, 0), Step::Hot { .. });
    assert!(hot(1, FEW_COLD));
    assert!(!hot(1, FEW_COLD - 1));
    assert!(!hot(0, COLD));
    assert!(policy.applies(FEW_COLD) && !policy.applies(FEW_COLD - 1));
    let mut off = Policy::new(
        Config {
            enabled: false,
            ..Config::default()
        },
        PIECE,
    );
    assert!(!off.applies(COLD));
    for now_ns in (0..10_000).map(|i| i * 10 * US) {
        assert_eq!(off.next(now_ns, 1, COLD, 0), Step::All);
        off.all_done(now_ns, now_ns + 10 * US, 0, 1);
    }
}

#[test]
fn a_few_quick_events_make_the_loop_busy_and_one_after_a_pause_does_not() {
    let mut policy = Policy::new(Config::default(), PIECE);
    let mut now_ns = 0;
    for idle_ns in [0, 10 * MS, 3_600_000 * MS] {
        now_ns += idle_ns;
        policy.all_done(now_ns, now_ns, 0, 1);
        let quick = (0..100_usize).find(|_| {
            let step = policy.next(now_ns, 1, COLD, 0);
            policy.all_done(now_ns, now_ns + 50 * US, 0, 1);
            now_ns += 50 * US;
            if matches!(step, Step::Sweep { .. }) {
                policy.sweep_done(now_ns, now_ns, 0);
            }
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
    // Looks that are far between, and do not cut it.
    let config = Config {
        max_delay_ns: 50 * MS,
        ..Config::default()
    };
    for (gap_ns, bound_ns) in [
        (US, 100 * US),
        (50 * US, 200 * US),
        (100 * US, 400 * US),
        (700 * US, MS),
    ] {
        let (mut policy, now_ns) = busy_with(config, gap_ns);
        let Step::Hot { bound_ns: got_ns } = policy.next(now_ns, 1, COLD, 0) else {
            panic!("not busy at {gap_ns}");
        };
        assert!(got_ns.abs_diff(bound_ns) <= 25 * US, "{gap_ns}: {got_ns}");
    }
}

#[test]
fn a_hot_wait_ends_when_the_next_look_is_due_and_a_near_look_goes_first() {
    for (gap_ns, near_ns) in [(5 * US, 20 * US), (20 * US, 40 * US), (40 * US, 80 * US)] {
        let (mut policy, now_ns) = busy(gap_ns);
        policy.all_done(now_ns, now_ns, 0, 0); // All were just seen.
        let due_ns = now_ns + EACH_NS;
        let at = |before_ns| policy.clone().next(due_ns - before_ns, 1, COLD, 0);
        for before_ns in [near_ns + 9 * US, near_ns + 3 * US] {
            assert!(matches!(at(before_ns), Step::Hot { bound_ns } if bound_ns <= before_ns));
        }
        assert_eq!(at(near_ns - 3 * US), Step::Sweep { sources: PIECE });
        assert_eq!(at(0), Step::Sweep { sources: PIECE });
    }
}

#[test]
fn what_is_due_after_a_long_while_is_looked_at_together() {
    for (later_ns, sources) in [
        (2 * EACH_NS, 200),
        (5 * EACH_NS + 10 * US, 500),
        (10 * EACH_NS, COLD),
        (MS * 1_000, COLD),
    ] {
        let (mut policy, now_ns) = busy(8 * US);
        policy.all_done(now_ns, now_ns, 0, 0);
        assert_eq!(sweep(&mut policy, now_ns + later_ns, COLD), Some(sources));
        let after_ns = now_ns + later_ns + ALL_LOOKS_NS * sources as u64 / COLD as u64;
        policy.sweep_done(now_ns + later_ns, after_ns, 0);
        // Nothing older is made up for.
        let due_ns = now_ns + later_ns.min(MS * 1_000) + EACH_NS;
        let late_ns = due_ns.saturating_sub(after_ns).max(EARLY_NS.0);
        let due_in_ns = due_in_ns(&policy, after_ns);
        assert!(
            due_in_ns.abs_diff(late_ns) <= 11 * US,
            "{later_ns}: {due_in_ns}"
        );
    }
}

#[test]
fn a_turn_is_in_equal_looks_and_in_fewer_where_gaps_are_long() {
    let (mut policy, _) = busy(8 * US);
    for (cold, lumps) in [
        (16, 1),
        (100, 1),
        (101, 4),
        (250, 4),
        (1_000, 10),
        (8_000, 80),
    ] {
        assert_eq!(
            policy.lumps(1, cold, policy.period_ns(cold)),
            lumps,
            "{cold}"
        );
    }
    // 1 ms a turn; 8.8 ms at 8 000.
    for (gap_ns, cold, lumps) in [
        (150 * US, COLD, 6),
        (900 * US, COLD, 4),
        (900 * US, 300, 4),
        (900 * US, 8_000, 8),
    ] {
        policy.gap_ns = gap_ns;
        assert_eq!(
            policy.lumps(1, cold, policy.period_ns(cold)),
            lumps,
            "{gap_ns} {cold}"
        );
    }
}

#[test]
fn a_look_takes_no_longer_than_a_gap_and_no_less_than_its_call_is_worth() {
    for (hot, gap_ns, each_ns, sources) in [
        (1, 12 * US, 200, 59),
        (1, 12 * US, 1_000, 12),
        (1, 35 * US, 1_000, 35),
        (1, 9 * US, 1_000, PIECE),
        (1, 80 * US, 1_000, 77),
        (1, 200 * US, 1_000, PIECE),
        (3, 35 * US, 1_000, 35),
        (4, 35 * US, 1_000, PIECE),
    ] {
        let (mut policy, _) = busy(gap_ns);
        (policy.gap_ns, policy.each_ps) = (gap_ns, each_ns * 1_000);
        let lumps = policy.lumps(hot, COLD, policy.period_ns(COLD));
        assert_eq!(COLD.div_ceil(lumps), sources, "{gap_ns} {each_ns}");
    }
}

#[test]
fn the_end_of_one_wait_in_four_is_timed() {
    let (mut policy, mut now_ns) = busy(20 * US);
    let mut timed = 0;
    for _ in 0..100 {
        let _ = policy.next(now_ns, 1, COLD, 0);
        now_ns += 60 * US;
        if !policy.hot_found() {
            timed += 1;
            policy.hot_done(now_ns, 1);
        }
        // What the caller does with it is no part of the gap.
        now_ns += 40 * US;
    }
    assert_eq!(timed, 25);
    assert!(policy.gap_ns.abs_diff(60 * US) < US, "{}", policy.gap_ns);
}

#[test]
fn after_turns_in_vain_looks_take_half_their_share() {
    let (mut policy, now_ns) = busy(8 * US);
    let mut turn = |turns: usize, found| {
        for _ in 0..turns {
            let _ = policy.next(now_ns, 1, COLD, 0);
            assert_eq!(sweep(&mut policy, now_ns + 500 * MS, COLD), Some(COLD));
            policy.sweep_done(now_ns - ALL_LOOKS_NS, now_ns, found);
        }
        policy.period_ns(COLD)
    };
    assert_eq!(turn(SILENT_TURNS - 1, 0), 5 * ALL_LOOKS_NS);
    assert_eq!(turn(1, 0), 10 * ALL_LOOKS_NS);
    assert_eq!(turn(1, 1), 5 * ALL_LOOKS_NS);
}

#[test]
fn a_look_made_early_puts_the_next_one_off() {
    let (mut policy, now_ns) = busy(8 * US);
    policy.all_done(now_ns, now_ns, 0, 0);
    let early_ns = now_ns + EACH_NS - 15 * US;
    assert_eq!(sweep(&mut policy, early_ns, COLD), Some(PIECE));
    policy.sweep_done(early_ns, early_ns + LOOK_NS, 0);
    assert_eq!(due_in_ns(&policy, early_ns), EACH_NS + 15 * US);
}

#[test]
fn a_miss_is_followed_by_a_wait_on_everything_and_a_cut_wait_goes_on() {
    let (mut policy, now_ns) = busy(35 * US);
    policy.all_done(now_ns, now_ns, 0, 0);
    let step = policy.next(now_ns, 1, COLD, 0);
    assert_eq!(step, Step::Hot { bound_ns: EACH_NS });
    let now_ns = now_ns + EACH_NS;
    policy.hot_done(now_ns, 0);
    assert_eq!(sweep(&mut policy, now_ns, COLD), Some(PIECE));
    let now_ns = now_ns + LOOK_NS;
    policy.sweep_done(now_ns - LOOK_NS, now_ns, 0);
    let Step::Hot { bound_ns } = policy.next(now_ns, 1, COLD, 0) else {
        panic!("the wait does not go on");
    };
    // Of four gaps, less what it waited and the look took.
    assert!(bound_ns.abs_diff(20 * US) <= 2 * US, "{bound_ns}");
    let now_ns = now_ns + bound_ns;
    policy.hot_done(now_ns, 0);
    assert_eq!(policy.next(now_ns, 1, COLD, 0), Step::All);
    policy.all_done(now_ns, now_ns, 0, 1);
    assert!(matches!(policy.next(now_ns, 1, COLD, 0), Step::Hot { .. }));
}

// A wait on everything that costs 1.5 ms, as on a host that cries wolf.
#[test]
fn after_a_miss_looks_go_on_until_they_cost_a_quarter_of_a_wait_on_everything() {
    const ALL_NS: u64 = 1_500 * US;
    let (mut policy, mut now_ns) = busy(40 * US);
    let from_ns = now_ns;
    let mut looks_ns = 0;
    loop {
        match policy.next(now_ns, 1, COLD, ALL_NS) {
            Step::All => break,
            Step::Hot { bound_ns } => {
                now_ns += bound_ns;
                policy.hot_done(now_ns, 0);
            }
            Step::Sweep { sources } => {
                let took_ns = LOOK_NS * sources as u64 / PIECE as u64;
                policy.sweep_done(now_ns, now_ns + took_ns, 0);
                now_ns += took_ns;
                looks_ns += took_ns;
            }
        }
        assert!(now_ns < from_ns + 10 * MS, "no end");
    }
    assert!(
        (ALL_NS / 4..ALL_NS / 4 + 4 * LOOK_NS).contains(&looks_ns),
        "{looks_ns}"
    );
    // At a fifth of the time.
    assert!(now_ns - from_ns > 4 * looks_ns, "{}", now_ns - from_ns);
    // The next wait is taken to be as long as this one, and is on everything if that was long.
    for (waited_ns, all) in [
        (5 * ALL_NS - 100 * US, false),
        (5 * ALL_NS + 100 * US, true),
    ] {
        let mut policy = policy.clone();
        (policy.last_found_ns, policy.looks_ns) = (Some(now_ns), 0);
        policy.all_done(now_ns, now_ns + ALL_NS + waited_ns, ALL_NS, 1);
        let now_ns = now_ns + ALL_NS + waited_ns;
        let step = policy.next(now_ns, 1, COLD, ALL_NS);
        assert_eq!(step == Step::All, all, "{waited_ns}: {step:?}");
    }
}

/// Waits on the prefix, each to its end or not, and with so many found; how often did that cool all?
fn cooled(waits: &[(bool, usize)]) -> usize {
    let config = Config {
        max_delay_ns: 50 * MS, // No look cuts them.
        ..Config::default()
    };
    let (mut policy, mut now_ns) = busy_with(config, 50 * US);
    let mut cooled = 0;
    for &(full, found) in waits {
        for _ in 0..9 {
            policy.all_done(now_ns, now_ns + 50 * US, 0, 1); // Others keep the loop busy.
            now_ns += 50 * US;
        }
        let Step::Hot { bound_ns } = policy.next(now_ns, 1, COLD, 0) else {
            panic!("no wait on the prefix");
        };
        now_ns += if full { bound_ns } else { bound_ns / 2 };
        policy.hot_done(now_ns, found);
        let step = policy.next(now_ns, 1, COLD, 0);
        assert_eq!(step == Step::All, full && found == 0);
        cooled += usize::from(policy.take_cool_all());
        assert!(!policy.take_cool_all(), "taken twice");
    }
    cooled
}

#[test]
fn three_misses_in_a_row_cool_all_unless_a_hit_or_a_short_wait_comes_between() {
    const MISS: (bool, usize) = (true, 0);
    const SHORT: (bool, usize) = (false, 0);
    const HIT: (bool, usize) = (false, 1);
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
fn hot_waits_that_are_not_told_of_do_not_put_looks_off() {
    let (mut policy, mut now_ns) = busy(50 * US);
    let end_ns = now_ns + 100 * MS;
    let mut looked_at = 0;
    while now_ns < end_ns {
        match policy.next(now_ns, 1, COLD, 0) {
            Step::All => panic!("a wait on everything"),
            Step::Hot { .. } => now_ns += 30 * US,
            Step::Sweep { sources } => {
                let took_ns = LOOK_NS * sources as u64 / PIECE as u64;
                policy.sweep_done(now_ns, now_ns + took_ns, 0);
                now_ns += took_ns;
                looked_at += sources;
            }
        }
    }
    // Each 1 ms, and each 2 ms after 16 turns.
    let turns = looked_at / COLD;
    assert!((56..=60).contains(&turns), "{turns}");
}

#[test]
fn after_a_look_the_next_step_is_never_a_look() {
    for later_ns in [0, 1, MS, 1_000 * MS] {
        let (mut policy, now_ns) = busy(50 * US);
        assert!(sweep(&mut policy, now_ns + MS, COLD).is_some());
        policy.sweep_done(now_ns + MS, now_ns + MS + LOOK_NS, 0);
        let now_ns = now_ns + MS + LOOK_NS + later_ns;
        let step = policy.next(now_ns, 1, COLD, 0);
        assert!(matches!(step, Step::Hot { bound_ns } if bound_ns >= EARLY_NS.0));
        assert!(later_ns < MS || sweep(&mut policy, now_ns, COLD).is_some());
    }
}

/// What a piece is believed to cost after looks that took so long.
fn believed_ns(took_ns: impl IntoIterator<Item = u64>) -> u64 {
    let (mut policy, now_ns) = busy(8 * US);
    for took_ns in took_ns {
        let _ = policy.next(now_ns, 1, COLD, 0);
        assert_eq!(sweep(&mut policy, now_ns + 500 * MS, COLD), Some(COLD));
        policy.sweep_done(now_ns, now_ns + 10 * took_ns, 0);
    }
    policy.look_ns(PIECE)
}

#[test]
fn the_estimate_is_near_the_median() {
    let slow = |count| std::iter::repeat_n(2 * LOOK_NS, count);
    assert_eq!(believed_ns(slow(1)), LOOK_NS * 9 / 8);
    assert_eq!(believed_ns(slow(8)), 2 * LOOK_NS);
    assert!(believed_ns(slow(8).chain([LOOK_NS])) > LOOK_NS * 3 / 2);
    assert_eq!(believed_ns(slow(8).chain([LOOK_NS; 8])), LOOK_NS);
    // One of five is preempted.
    let preempted = (0..500).map(|i| if i % 5 == 4 { 500 * MS } else { LOOK_NS });
    assert!(believed_ns(preempted) <= LOOK_NS * 9 / 8);
    // A clock of milliseconds.
    assert_eq!(
        believed_ns((0..100).map(|i| if i % 50 == 0 { MS } else { 0 })),
        0
    );
}

#[test]
fn before_it_was_timed_a_look_is_believed_to_cost_no_more_than_2_us_a_source() {
    let mut policy = Policy::new(Config::default(), PIECE);
    for i in 0..40 {
        policy.all_done(i * 10 * US, (i + 1) * 10 * US, 0, 1);
    }
    assert_eq!(policy.look_ns(COLD), 2 * MS);
    assert!(sweep(&mut policy, 50 * MS, COLD).is_some());
    policy.sweep_done(50 * MS, 150 * MS, 0);
    assert_eq!(policy.look_ns(COLD), 2 * MS);
}

#[test]
fn a_wait_on_everything_counts_as_a_look() {
    let (mut policy, now_ns) = busy(8 * US);
    let now_ns = now_ns + 90 * US;
    policy.all_done(now_ns - 60 * US, now_ns, 0, 0);
    assert_eq!(due_in_ns(&policy, now_ns), EACH_NS);
}

#[test]
fn the_longest_delay_counts_from_look_to_look() {
    let config = Config {
        max_delay_ns: 5 * MS,
        ..Config::default()
    };
    let (mut policy, now_ns) = busy_with(config, 8 * US);
    policy.all_done(now_ns, now_ns, 0, 0);
    // A tenth of 5 ms less the time of looks.
    assert_eq!(due_in_ns(&policy, now_ns), 480 * US);
}

#[test]
fn the_time_of_a_look_is_no_gap() {
    let (mut policy, now_ns) = busy(50 * US);
    policy.hot_done(now_ns, 1);
    let _ = policy.next(now_ns, 1, COLD, 0);
    assert!(sweep(&mut policy, now_ns + MS, COLD).is_some());
    let now_ns = now_ns + 9 * MS;
    policy.sweep_done(now_ns - 8 * MS, now_ns, 0);
    policy.hot_done(now_ns + 50 * US, 1);
    let step = policy.next(now_ns + 50 * US, 1, COLD, 0);
    assert!(matches!(step, Step::Hot { .. }));
}

#[test]
fn a_gap_longer_than_a_turn_is_waited_for_on_everything() {
    for (max_delay_ns, busy) in [(MS, true), (400 * US, true), (200 * US, false)] {
        let mut policy = Policy::new(
            Config {
                max_delay_ns,
                ..Config::default()
            },
            PIECE,
        );
        assert_eq!(policy.next(0, 1, COLD, 0), Step::All);
        for i in 0..40 {
            policy.all_done(i * 300 * US, (i + 1) * 300 * US, 0, 1);
        }
        assert!(
            sweep(&mut policy, 12 * MS, 100).is_some(),
            "none to time it"
        );
        policy.sweep_done(12 * MS - 20 * US, 12 * MS, 0);
        let step = policy.next(12 * MS, 1, 100, 0);
        assert_eq!(step != Step::All, busy, "{max_delay_ns}: {step:?}");
    }
}

#[test]
fn a_loop_that_its_waits_on_everything_make_slow_looks_once_to_tell() {
    const MANY: usize = 4_000;
    let mut policy = Policy::new(Config::default(), PIECE);
    let (mut now_ns, mut looks) = (0, 0);
    let waits = (0..100)
        .filter(|_| {
            policy.all_done(now_ns, now_ns + 7_600 * US, 0, 1);
            now_ns += 7_650 * US;
            let sources = sweep(&mut policy, now_ns, MANY);
            if let Some(sources) = sources {
                // So it is not the host that is slow.
                policy.sweep_done(now_ns, now_ns + 200 * sources as u64, 0);
                looks += 1;
            }
            policy.next(now_ns, 1, MANY, 0) == Step::All
        })
        .count();
    assert_eq!((waits, looks), (100, 1));
}

#[test]
fn a_clock_that_stands_still_stops_neither_looks_nor_waits() {
    for found in [0, 1] {
        let mut policy = Policy::new(Config::default(), PIECE);
        let mut since_look = 0;
        let mut looks = 0;
        for _ in 0..10 * STALLED_STEPS {
            match policy.next(5, 1, COLD, MS) {
                Step::All => {
                    policy.all_done(5, 5, 0, 1);
                    // It sees all, so it is a look where hot waits find nothing.
                    since_look *= u32::from(found > 0);
                }
                Step::Hot { .. } => policy.hot_done(5, found),
                Step::Sweep { sources } => {
                    policy.sweep_done(5, 5, 0);
                    looks += sources / COLD;
                    since_look = 0;
                }
            }
            since_look += 1;
            assert!(since_look <= STALLED_STEPS + 2);
        }
        assert!(found == 0 || (5..=11).contains(&looks), "{looks}");
    }
}

#[test]
fn a_clock_that_goes_back_does_not_stop_looks() {
    let (mut policy, now_ns) = busy(50 * US);
    let back_ns = now_ns / 2;
    let mut is_due = |later_ns| sweep(&mut policy, back_ns + later_ns, COLD).is_some();
    assert!(!is_due(0));
    assert!(!is_due(EACH_NS - 50 * US));
    assert!(is_due(EACH_NS + EARLY_NS.1));
}

#[test]
fn a_loop_that_is_busy_with_its_events_waits_on_the_prefix() {
    for handling_ns in [0, 500 * US, 2 * MS, 20 * MS] {
        let mut policy = Policy::new(Config::default(), PIECE);
        let mut now_ns = MS;
        let mut hot = 0;
        for _ in 0..100 {
            let mut step = policy.next(now_ns, 256, COLD, 0);
            if matches!(step, Step::Sweep { .. }) {
                policy.sweep_done(now_ns, now_ns + ALL_LOOKS_NS, 0);
                now_ns += ALL_LOOKS_NS;
                step = policy.next(now_ns, 256, COLD, 0);
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

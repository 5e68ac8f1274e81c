//! The bounds under random traffic.

use proptest::prelude::*;

use super::super::{Config, FEW, Policy, SLACK_NS, Step};
use super::model::{Sim, Talker};
use super::{COLD, MS, US};

fn config() -> impl Strategy<Value = Config> {
    (
        prop_oneof![Just(MS), 0..5 * MS],
        prop_oneof![Just(20), 1..=90_u8],
    )
        .prop_map(|(max_delay_ns, max_sweep_percent)| Config {
            enabled: true,
            max_delay_ns,
            max_sweep_percent,
            ..Config::DEFAULT
        })
}

fn time() -> impl Strategy<Value = u64> {
    prop_oneof![0..10_000_u64, 0..10 * MS, any::<u64>()]
}

/// Busy and slow peers, some that seldom send, and whether they pause or send all at once.
fn traffic() -> impl Strategy<Value = Sim> {
    let talker = prop_oneof![
        (10 * US..200 * US, 0..200 * US).prop_map(|(min, more)| Talker::closed(min, min + more)),
        (20 * US..2 * MS, 0..2 * MS).prop_map(|(min, more)| Talker::open(min, min + more)),
        (2 * MS..100 * MS, 0..100 * MS).prop_map(|(min, more)| Talker::open(min, min + more)),
    ];
    let periods = (
        prop_oneof![Just(0), 2 * MS..100 * MS],
        prop_oneof![Just(0), 5 * MS..100 * MS],
    );
    let talkers = proptest::collection::vec(talker, 1..40);
    (
        config(),
        any::<u64>(),
        0_usize..5_000,
        talkers,
        periods,
        US..30 * US,
    )
        .prop_map(
            |(config, seed, idle, talkers, (quiet_ns, storm_ns), handle_ns)| {
                let mut sim = Sim::new(config, seed, idle, talkers);
                (sim.quiet_period_ns, sim.storm_period_ns) = (quiet_ns, storm_ns);
                sim.handle_ns = handle_ns;
                sim
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_cold_source_starves_and_sweeps_keep_their_share(mut sim in traffic()) {
        sim.run(200 * MS);
        let bound_ns = sim.delay_bound_ns(sim.percent().div_ceil(2));
        prop_assert!(sim.worst_delay_ns <= bound_ns, "{} > {bound_ns}", sim.worst_delay_ns);
        // One sweep may be made at once, after the caller took long.
        let most = 2 * 100 * sim.worst_sweep_ns + sim.percent() * SLACK_NS;
        prop_assert!(sim.worst_debt <= most, "{} > {most}", sim.worst_debt);
        let most_ns = sim.now_ns * sim.percent() / 100 + most / 100;
        prop_assert!(sim.sweep_ns <= most_ns, "{} > {most_ns}", sim.sweep_ns);
    }

    #[test]
    fn preempted_sweeps_do_not_starve_the_cold_part(mut sim in traffic(), each in 5_u64..50) {
        sim.preempt_each = each;
        sim.run(400 * MS);
        let bound_ns = sim.delay_bound_ns(sim.percent().div_ceil(2));
        prop_assert!(sim.worst_delay_ns <= bound_ns, "{} > {bound_ns}", sim.worst_delay_ns);
    }

    #[test]
    fn beside_saturated_hot_sources_the_shorter_delay_bound_holds(
        seed: u64, idle in 50_usize..8_000, hot in 1_usize..8, delay_us in 1_000_u64..3_000,
    ) {
        let config = Config { max_delay_ns: delay_us * US, ..Config::default() };
        let busy = (0..hot).map(|_| Talker::closed(30 * US, 90 * US));
        let rare = (0..60).map(|_| Talker::open(30 * MS, 90 * MS));
        let mut sim = Sim::new(config, seed, idle, busy.chain(rare));
        sim.run(100 * MS); // Until the cost of sweeping is known.
        sim.worst_delay_ns = 0;
        sim.worst_chunk_ns = 0;
        sim.run(300 * MS);
        // Some send during every few sweeps, so that the share is not halved.
        let bound_ns = sim.delay_bound_ns(sim.percent()) - sim.worst_chunk_ns;
        prop_assert!(sim.worst_delay_ns <= bound_ns, "{} > {bound_ns}", sim.worst_delay_ns);
        // Not kept by polling everything all the time.
        prop_assert!(sim.hot_waits * 10 >= sim.polls * 8, "{} in {}", sim.hot_waits, sim.polls);
    }

    #[test]
    fn one_busy_source_keeps_its_speed_beside_a_thousand_idle_ones(
        seed: u64, trip_us in 60_u64..=100,
    ) {
        let talker = Talker::closed(trip_us * US - 10 * US, trip_us * US);
        let [alone, beside] = [0, COLD].map(|idle| {
            let mut sim = Sim::new(Config::default(), seed, idle, [talker.clone()]);
            sim.run(300 * MS);
            sim
        });
        prop_assert_eq!(alone.hot_waits + alone.sweeps, 0);
        let (slow, fast) = (beside.events, alone.events);
        prop_assert!(slow * 100 >= fast * 88, "{slow} against {fast}");
        // A chunk that is due ends a hot wait now and then, and so does the start.
        prop_assert!(beside.misses * 100 <= beside.polls, "{} of {}", beside.misses, beside.polls);
    }

    #[test]
    fn an_idle_loop_and_one_with_few_sources_make_no_call_more(
        seed: u64, idle in 0_usize..5_000, few in 0_usize..FEW - 1, gap_us in 1_u64..200,
    ) {
        // Four times the gap that is worth a wait on everything, as long gaps count for less.
        let slow_ns = 20 * (1_500 + 200 * (idle as u64 + 1)) + MS;
        let slow = Sim::new(Config::default(), seed, idle, [Talker::closed(slow_ns, 2 * slow_ns)]);
        let quick = Talker::closed(gap_us * US, 2 * gap_us * US);
        let small = Sim::new(Config::default(), seed, few, [quick]);
        for mut sim in [slow, small] {
            sim.run(500 * MS);
            prop_assert_eq!((sim.hot_waits, sim.sweeps), (0, 0));
        }
    }

    /// However long its gaps are, a loop works at most twice as hard as the better of the two: to
    /// wait on everything each time, or on the hot source alone.
    #[test]
    fn no_gap_costs_much_more_than_what_is_right_for_it(
        seed: u64, idle in FEW..5_000, gap_us in 20_u64..50_000,
    ) {
        let talker = Talker::closed(gap_us * US, gap_us * US * 5 / 4);
        let mut sim = Sim::new(Config::default(), seed, idle, [talker]);
        sim.run(300 * MS); // Until the cost of sweeping is known.
        let (work_ns, events, from_ns) = (sim.work_ns, sim.events, sim.now_ns);
        sim.run(500 * MS);
        let work_ns = sim.work_ns - work_ns;
        let all_ns = (sim.events - events) * (1_500 + 200 * (idle as u64 + 1));
        let sweep_ns = (sim.now_ns - from_ns) * sim.percent() / 100;
        let right_ns = all_ns.min(sweep_ns);
        prop_assert!(work_ns <= 2 * right_ns + 5 * MS, "{work_ns} > {right_ns}");
    }

    /// No order of calls and no time makes it panic, and no two sweeps come in a row.
    #[test]
    fn any_order_of_calls_at_any_time_is_answered(
        enabled: bool, max_delay_ns: u64, max_sweep_percent: u8,
        calls in proptest::collection::vec(
            (0..5, time(), time(), 0..3_usize, prop_oneof![0..99_usize, any::<usize>()]),
            1..300,
        ),
    ) {
        let mut policy = Policy::new(Config { enabled, max_delay_ns, max_sweep_percent, ..Config::DEFAULT });
        let mut swept = false;
        for (call, a_ns, b_ns, found, cold) in calls {
            match call {
                0 => policy.hot_done(a_ns, found, b_ns),
                1 => policy.sweep_done(a_ns, found),
                2 => policy.all_done(a_ns, found),
                3 => drop(policy.hot_found()),
                _ => {
                    let step = policy.next(a_ns, found, cold, b_ns);
                    let sweep = matches!(step, Step::Sweep { .. });
                    prop_assert!(!(sweep && swept));
                    if let Step::Sweep { sources } = step {
                        prop_assert!((1..=cold).contains(&sources));
                        policy.sweep_done(b_ns, 0);
                    }
                    swept = sweep;
                }
            }
        }
    }
}

/// Plays the model host with one busy source beside `idle` others and gives what it did.
fn ping_pong(per_source_ns: u64, idle: usize, for_ns: u64) -> Sim {
    let mut sim = Sim::new(
        Config::default(),
        1,
        idle,
        [Talker::closed(60 * US, 100 * US)],
    );
    sim.per_source_ns = per_source_ns;
    sim.run(for_ns);
    sim
}

#[test]
fn a_loop_that_only_its_own_waits_make_slow_becomes_busy() {
    // 1.9 µs a source, as 0.2 hosts: a wait on everything takes 7.6 ms, so that no gap is ever
    // short.
    for (per_source_ns, idle) in [(200, 8_000), (1_000, 4_000), (1_900, 4_000)] {
        let sim = ping_pong(per_source_ns, idle, 1_000 * MS);
        let flat_ns = per_source_ns * idle as u64;
        let flat = 1_000 * MS / (flat_ns + 5 * US);
        assert!(
            sim.events > 5 * flat,
            "{per_source_ns} × {idle}: {} against {flat}",
            sim.events
        );
        assert!(
            sim.sweep_ns * 5 <= sim.now_ns + 10 * flat_ns,
            "{} ns of sweeps",
            sim.sweep_ns
        );
    }
}

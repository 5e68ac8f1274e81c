//! What the policy costs and gives: `cargo test --release -p wasio --lib print_bars -- --ignored
//! --nocapture`. Run it before and after a change of the policy, and compare.

use super::super::Config;
use super::model::{Sim, Talker};
use super::{MS, US};

/// A model of a host.
struct Host {
    name: &'static str,
    /// What a call costs per source.
    per_source_ns: u64,
    /// What a wait on this number of sources costs in addition, per source.
    answer_ns: fn(usize) -> u64,
}

const HOSTS: [Host; 4] = [
    Host {
        name: "0.1",
        per_source_ns: 200,
        answer_ns: |_| 0,
    },
    Host {
        name: "0.1, cold caches",
        per_source_ns: 1_000,
        answer_ns: |_| 0,
    },
    Host {
        name: "0.1, over-reports",
        per_source_ns: 200,
        answer_ns: |_| 1_200,
    },
    Host {
        name: "0.2",
        per_source_ns: 300,
        answer_ns: |sources| 300 * (1 + sources as u64 / 384),
    },
];

struct Load {
    name: &'static str,
    /// The connections whose peers answer after a time between these two.
    hot: usize,
    gap_us: (u64, u64),
    /// Those that become ready every 30 to 90 ms.
    rare: usize,
    /// What the caller does with an event.
    handle_us: u64,
    /// One answer of this number comes half a millisecond late; 0 for none.
    held_each: u64,
    /// No peer sends in the second half of such a time.
    quiet_ms: u64,
}

const PING: Load = Load {
    name: "ping 35 us",
    hot: 1,
    gap_us: (30, 40),
    rare: 0,
    handle_us: 5,
    held_each: 0,
    quiet_ms: 0,
};

const fn ping(name: &'static str, min_us: u64, max_us: u64, rare: usize) -> Load {
    Load {
        name,
        gap_us: (min_us, max_us),
        rare,
        ..PING
    }
}

const fn pummel(name: &'static str, hot: usize, rare: usize, held_each: u64) -> Load {
    Load {
        name,
        hot,
        gap_us: (80, 120),
        rare,
        held_each,
        ..PING
    }
}

const LOADS: [Load; 19] = [
    ping("ping 12 us", 10, 14, 0),
    PING,
    ping("ping 80 us", 60, 100, 0),
    ping("ping 250 us", 200, 300, 0),
    ping("ping 700 us", 600, 800, 0),
    ping("ping 2 ms", 1_500, 2_500, 0),
    ping("ping 35 us, 30 rare", 30, 40, 30),
    ping("ping 250 us, 30 rare", 200, 300, 30),
    ping("ping 10 ms, 10 rare", 8_000, 12_000, 10),
    pummel("pummel 16, 30 rare", 16, 30, 0),
    pummel("pummel 16, held", 16, 0, 20),
    pummel("pummel 256", 256, 0, 0),
    Load {
        name: "300 rare",
        hot: 0,
        rare: 300,
        ..PING
    },
    Load {
        name: "ping 35 us, held",
        held_each: 20,
        ..PING
    },
    Load {
        name: "ping 35 us, pauses",
        quiet_ms: 10,
        ..PING
    },
    Load {
        name: "ping 35 us, pauses, 30 rare",
        quiet_ms: 10,
        rare: 30,
        ..PING
    },
    Load {
        name: "busy caller",
        hot: 16,
        gap_us: (40, 80),
        handle_us: 100,
        ..PING
    },
    Load {
        name: "pummel 16, pauses",
        hot: 16,
        gap_us: (80, 120),
        quiet_ms: 20,
        ..PING
    },
    Load {
        name: "pummel 200, pauses",
        hot: 200,
        gap_us: (8_000, 12_000),
        quiet_ms: 50,
        ..PING
    },
];

const SEEDS: [u64; 3] = [
    0x9e37_79b9_7f4a_7c15,
    0x1234_5678_9abc_def1,
    0x0000_0012_1bff_97fb,
];
const WARM_UP_NS: u64 = 100 * MS;
const FOR_NS: u64 = 300 * MS;

fn sim(host: &Host, load: &Load, idle: usize, seed: u64) -> Sim {
    let (min_us, max_us) = load.gap_us;
    let busy = (0..load.hot).map(|_| Talker::closed(min_us * US, max_us * US));
    let rare = (0..load.rare).map(|_| Talker::open(30 * MS, 90 * MS));
    let mut sim = Sim::new(Config::default(), seed, idle, busy.chain(rare));
    sim.per_source_ns = host.per_source_ns;
    sim.answer_per_source_ns = if idle > 0 { (host.answer_ns)(idle) } else { 0 };
    sim.handle_ns = load.handle_us * US;
    sim.held_each = load.held_each;
    sim.quiet_period_ns = load.quiet_ms * MS;
    sim.run(WARM_UP_NS);
    (sim.events, sim.work_ns, sim.sweep_ns) = (0, 0, 0);
    sim.delays_ns.clear();
    sim.run(FOR_NS);
    sim
}

/// The speed in percent of that without idle sources, the host's work in µs per event, the p99 of a
/// cold source's delay in ms, and the share of the time that sweeping takes in percent.
fn bars(host: &Host, load: &Load, idle: usize) -> [f64; 4] {
    let mut delays_ns = Vec::new();
    let mut bars = [0.0; 4];
    for seed in SEEDS {
        let alone = sim(host, load, 0, seed);
        let beside = sim(host, load, idle, seed);
        let events = beside.events as f64;
        bars[0] += 100.0 * events / alone.events as f64;
        bars[1] += beside.work_ns as f64 / events / 1e3;
        bars[3] += 100.0 * beside.sweep_ns as f64 / FOR_NS as f64;
        delays_ns.extend(beside.delays_ns);
    }
    delays_ns.sort_unstable();
    let p99 = delays_ns.get(delays_ns.len() * 99 / 100);
    bars[2] = p99.map_or(0.0, |ns| *ns as f64 / 1e6) * SEEDS.len() as f64;
    bars.map(|sum| sum / SEEDS.len() as f64)
}

/// The host's work from the last event on until the loop sleeps, in waits on everything.
fn silence(host: &Host, hot: usize, gap_us: u64, idle: usize) -> f64 {
    let busy = (0..hot).map(|_| Talker::closed(gap_us * US, 2 * gap_us * US));
    let mut sim = Sim::new(Config::default(), SEEDS[0], idle, busy);
    sim.per_source_ns = host.per_source_ns;
    sim.answer_per_source_ns = (host.answer_ns)(idle);
    sim.quiet_period_ns = 1_000 * MS;
    let mut last_ns = 0;
    while sim.now_ns < 1_000 * MS {
        let before_ns = sim.work_ns;
        sim.poll();
        last_ns = sim.work_ns - before_ns;
    }
    let each_ns = host.per_source_ns + sim.answer_per_source_ns;
    last_ns as f64 / (each_ns * (idle + hot) as u64) as f64
}

const FALL_SILENT: [(usize, u64); 4] = [(1, 30), (16, 100), (100, 500), (500, 2_000)];

#[test]
fn falling_silent_costs_no_more_than_two_waits_on_everything() {
    for host in &HOSTS {
        for idle in [1_000, 4_000] {
            for (hot, gap_us) in FALL_SILENT {
                let waits = silence(host, hot, gap_us, idle);
                let name = host.name;
                // The one that it sleeps in, and at most as much and a chunk before that.
                assert!(
                    (1.0..2.5).contains(&waits),
                    "{name}, {idle}, {hot}: {waits}"
                );
            }
        }
    }
}

#[test]
#[ignore = "prints figures to compare, and asserts nothing"]
fn print_bars() {
    println!("host, idle, load: speed %, work in us per event, p99 delay in ms, sweeping %");
    for host in &HOSTS {
        for idle in [1_000, 4_000] {
            for (hot, gap_us) in FALL_SILENT {
                let waits = silence(host, hot, gap_us, idle);
                let name = format!("{}, {idle}, {hot} fall silent", host.name);
                println!("{name:<52} {waits:6.2} waits on everything");
            }
            for load in &LOADS {
                let [speed, work, p99, share] = bars(host, load, idle);
                let name = format!("{}, {idle}, {}", host.name, load.name);
                println!("{name:<52} {speed:6.1} {work:9.2} {p99:6.2} {share:5.1}");
            }
        }
    }
}

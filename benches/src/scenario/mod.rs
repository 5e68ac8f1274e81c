//! The scenarios, one small file each.
//!
//! To add a scenario, write its file and add it to the list.

mod accept_storm;
mod burst;
mod cold_latency;
mod echo_throughput;
mod fuel;
mod http_keep_alive;
mod idle;
mod memory;
mod million_timers;
mod opening;
mod ping_pong;
mod pummel;
mod registered;
mod size;
mod wake_latency;

use std::time::Duration;

use crate::client::Measured;
use crate::exchange::Protocol;
use crate::metric::{self, Sample};
use crate::peer::{Built, Peer};

/// How much time to spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// Everything in under four minutes.
    Quick,
    /// Two builds of one peer, which differ by a few percent: more rounds, of fewer sizes.
    Paired,
    /// As long as it needs.
    Full,
}

impl Effort {
    /// Returns how often each pair of peer and size is measured.
    #[must_use]
    pub fn rounds(self) -> usize {
        match self {
            Self::Quick => 2,
            Self::Paired | Self::Full => 7,
        }
    }

    /// Returns how long one measurement takes.
    #[must_use]
    pub fn time(self) -> Duration {
        match self {
            Self::Quick => Duration::from_millis(400),
            Self::Paired => Duration::from_millis(1_500),
            Self::Full => Duration::from_secs(3),
        }
    }

    /// Returns one of two values, depending on the effort.
    fn pick<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick | Self::Paired => quick,
            Self::Full => full,
        }
    }
}

/// Something to do with a server, and what to measure.
pub trait Scenario: std::fmt::Debug + Sync {
    /// Its name on the command line and in the records.
    fn name(&self) -> &'static str;

    /// A description in one sentence.
    fn about(&self) -> &'static str;

    /// What its size means: the heading of that column.
    fn size_counts(&self) -> &'static str {
        "idle connections"
    }

    /// The protocol that it needs.
    fn speaks(&self) -> &[Protocol] {
        &[Protocol::Echo]
    }

    /// Returns the sizes that it is run with.
    fn sizes(&self, effort: Effort) -> Vec<usize>;

    /// The largest number of open connections in addition to its size.
    fn busy(&self) -> usize {
        1
    }

    /// Whether it can be run with `peer`, in seconds rather than minutes.
    fn suits(&self, peer: &Peer, size: usize) -> bool {
        size <= peer.most_connections
    }

    /// Whether it is run with `peer` and this size.
    fn takes(&self, peer: &Peer, size: usize) -> bool {
        let can = self.busy() <= peer.most_connections && self.suits(peer, size);
        can && self.speaks().contains(&peer.protocol)
    }

    /// Whether the figures vary from round to round.
    fn varies(&self) -> bool {
        true
    }

    /// Starts the server and runs the scenario once.
    ///
    /// # Errors
    /// The server failed, or a byte was wrong or missing.
    fn measure(&self, peer: &Built, size: usize, effort: Effort) -> anyhow::Result<Sample>;
}

/// All scenarios, in the order of the records.
pub const ALL: &[&dyn Scenario] = &[
    &ping_pong::PingPong,
    &pummel::Pummel {
        name: "pummel_16",
        about: "16 connections each send 64 bytes and wait for them, beside idle connections",
        active: 16,
    },
    &pummel::Pummel {
        name: "pummel_256",
        about: "256 connections each send 64 bytes and wait for them, beside idle connections",
        active: 256,
    },
    &pummel::Pummel {
        name: "pummel_1000",
        about: "1 000 connections each send 64 bytes and wait for them, beside idle connections",
        active: 1_000,
    },
    &http_keep_alive::HttpKeepAlive,
    &idle::Idle,
    &cold_latency::ColdLatency {
        name: "cold_latency",
        about: "the latency of idle connections that send once while 16 others keep the server busy",
        is_prompt: false,
    },
    &cold_latency::ColdLatency {
        name: "cold_latency_200us",
        about: "as cold_latency, with a poll that should see cold sources within 200 µs, and may use three \
                quarters of the time for sweeps (a sweep of all sources takes longer than that)",
        is_prompt: true,
    },
    &accept_storm::AcceptStorm,
    &opening::Opening,
    &burst::Burst,
    &million_timers::MillionTimers,
    &wake_latency::WakeLatency,
    &echo_throughput::EchoThroughput,
    &size::Size,
    &fuel::Fuel,
    &memory::Memory,
    &registered::Registered,
];

/// The CPU time, throughput and latency that a client measured.
fn figures(measured: &Measured) -> Sample {
    let round_trips = measured.round_trips as f64;
    let latency_us = |q| measured.latency_ns.value_at_quantile(q) as f64 / 1e3;
    vec![
        (
            metric::CPU,
            measured.server_cpu.as_secs_f64() * 1e6 / round_trips,
        ),
        (
            metric::THROUGHPUT,
            round_trips / measured.elapsed.as_secs_f64(),
        ),
        (metric::P50, latency_us(0.5)),
        (metric::P99, latency_us(0.99)),
    ]
}

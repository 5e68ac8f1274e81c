//! What is done to the servers, one small file each.
//!
//! To add one, write its file and put it on the list.

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

/// How much time is spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// All in under four minutes.
    Quick,
    /// As long as it needs.
    Full,
}

impl Effort {
    /// How often each pair of peer and size is measured.
    #[must_use]
    pub fn rounds(self) -> usize {
        match self {
            Self::Quick => 2,
            Self::Full => 7,
        }
    }

    /// How long one measurement lasts.
    #[must_use]
    pub fn time(self) -> Duration {
        match self {
            Self::Quick => Duration::from_millis(400),
            Self::Full => Duration::from_secs(3),
        }
    }

    /// One of two, by how much time there is.
    fn pick<T>(self, quick: T, full: T) -> T {
        match self {
            Self::Quick => quick,
            Self::Full => full,
        }
    }
}

/// Something to do to a server, and what is measured of it.
pub trait Scenario: std::fmt::Debug + Sync {
    /// Its name on the command line and in the records.
    fn name(&self) -> &'static str;

    /// What happens, in one sentence.
    fn about(&self) -> &'static str;

    /// What its size counts: the heading of that column.
    fn size_counts(&self) -> &'static str {
        "idle connections"
    }

    /// What a server has to speak for it.
    fn speaks(&self) -> &[Protocol] {
        &[Protocol::Echo]
    }

    /// The sizes it is done with.
    fn sizes(&self, effort: Effort) -> Vec<usize>;

    /// The most connections that are open beside as many as its size.
    fn busy(&self) -> usize {
        1
    }

    /// Whether `peer` can do it, in seconds rather than minutes.
    fn suits(&self, peer: &Peer, size: usize) -> bool {
        size <= peer.most_connections
    }

    /// Whether it is done to `peer` with this size.
    fn takes(&self, peer: &Peer, size: usize) -> bool {
        let can = self.busy() <= peer.most_connections && self.suits(peer, size);
        can && self.speaks().contains(&peer.protocol)
    }

    /// Whether doing it again would give other figures.
    fn varies(&self) -> bool {
        true
    }

    /// Starts the server and does it once.
    ///
    /// # Errors
    /// The server failed, or a byte was wrong or missing.
    fn measure(&self, peer: &Built, size: usize, effort: Effort) -> anyhow::Result<Sample>;
}

/// All of them, in the order of the records.
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
    &http_keep_alive::HttpKeepAlive,
    &idle::Idle,
    &cold_latency::ColdLatency {
        name: "cold_latency",
        about: "while 16 connections keep the server busy, idle ones speak, each once: how long they wait",
        is_prompt: false,
    },
    &cold_latency::ColdLatency {
        name: "cold_latency_200us",
        about: "as cold_latency, with a poll that is to find cold sources within 200 µs and may take three quarters of the time for that (looks at all of them are longer than that)",
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

/// Cost, throughput and latency of what a client measured.
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

//! What is measured, and in which unit.

/// A figure that a scenario gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Metric {
    /// Its name in the records.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Which way is up.
    pub better: Better,
}

/// Which of two figures is the better one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Better {
    /// The higher.
    Higher,
    /// The lower.
    Lower,
}

const fn higher(name: &'static str, unit: &'static str) -> Metric {
    let better = Better::Higher;
    Metric { name, unit, better }
}

const fn lower(name: &'static str, unit: &'static str) -> Metric {
    let better = Better::Lower;
    Metric { name, unit, better }
}

/// The main figure: what a message costs the server and its host.
pub const CPU: Metric = lower("cpu", "µs a round trip");
/// What one client, or all together, got done.
pub const THROUGHPUT: Metric = higher("throughput", "round trips/s");
/// Half of the latencies are below.
pub const P50: Metric = lower("p50", "µs");
/// 99 of 100 latencies are below.
pub const P99: Metric = lower("p99", "µs");
/// No latency is above.
pub const MAX: Metric = lower("max", "µs");
/// CPU time while nobody speaks.
pub const IDLE_CPU: Metric = lower("idle cpu", "% of a core");
/// Connections opened, used once and closed.
pub const CONNECTIONS: Metric = higher("connections", "connections/s");
/// What opening one more costs the client.
pub const OPENING: Metric = lower("opening", "µs a connection");
/// Bytes echoed.
pub const BANDWIDTH: Metric = higher("bandwidth", "GiB/s");
/// The release build, stripped.
pub const SIZE: Metric = lower("size", "bytes");
/// Instructions of the guest.
pub const FUEL: Metric = lower("fuel", "instructions a round trip");
/// Growth of the guest's memory.
pub const MEMORY: Metric = lower("memory", "bytes a connection");
/// What the library keeps of a registered source.
pub const SOURCE: Metric = lower("source", "bytes a source and direction");

/// Adding a timer.
pub const INSERT: Metric = lower("insert", "ns a timer");
/// Reporting a timer that is due.
pub const FIRE: Metric = lower("fire", "ns a timer");
/// Taking away a timer that is not due.
pub const CANCEL: Metric = lower("cancel", "ns a timer");
/// Instructions of the guest for all three.
pub const TIMER_FUEL: Metric = lower("fuel", "instructions a timer");

/// The figures of one measurement.
pub type Sample = Vec<(Metric, f64)>;

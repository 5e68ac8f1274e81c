//! The metrics and their units.

/// A kind of figure that a scenario measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Metric {
    /// Its name in the records.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
    /// Which direction is better.
    pub better: Better,
}

/// Which of two figures is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Better {
    /// The higher one.
    Higher,
    /// The lower one.
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

/// The main figure: CPU time of the server and its host per message.
pub const CPU: Metric = lower("cpu", "µs per round trip");
/// The throughput of one client, or of all together.
pub const THROUGHPUT: Metric = higher("throughput", "round trips/s");
/// The median of the latencies.
pub const P50: Metric = lower("p50", "µs");
/// The 99th percentile of the latencies.
pub const P99: Metric = lower("p99", "µs");
/// The longest latency.
pub const MAX: Metric = lower("max", "µs");
/// The round trips of the slowest of several busy connections.
pub const SLOWEST: Metric = higher("slowest", "% of an equal share");
/// The round trips of the connection in the middle.
pub const MIDDLE: Metric = higher("middle", "% of an equal share");
/// The longest time that one of several busy connections goes without a round trip.
pub const GAP: Metric = lower("longest gap", "ms");
/// CPU time while all connections are idle.
pub const IDLE_CPU: Metric = lower("idle cpu", "% of a core");
/// Connections that are opened, used once and closed.
pub const CONNECTIONS: Metric = higher("connections", "connections/s");
/// The time that the client needs to open one more connection.
pub const OPENING: Metric = lower("opening", "µs per connection");
/// Echoed bytes.
pub const BANDWIDTH: Metric = higher("bandwidth", "GiB/s");
/// The size of the stripped release build.
pub const SIZE: Metric = lower("size", "bytes");
/// Instructions of the guest.
pub const FUEL: Metric = lower("fuel", "instructions per round trip");
/// Growth of the guest's memory.
pub const MEMORY: Metric = lower("memory", "bytes per connection");
/// The memory that the library uses for registered sources.
pub const SOURCE: Metric = lower("source", "bytes per source and direction");

/// Adding a timer.
pub const INSERT: Metric = lower("insert", "ns per timer");
/// Reporting a timer that is due.
pub const FIRE: Metric = lower("fire", "ns per timer");
/// Cancelling a timer that is not due.
pub const CANCEL: Metric = lower("cancel", "ns per timer");
/// Instructions of the guest for these three operations.
pub const TIMER_FUEL: Metric = lower("fuel", "instructions per timer");

/// The figures of one measurement.
pub type Sample = Vec<(Metric, f64)>;

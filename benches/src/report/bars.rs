//! The bars: the figures that wasio must reach, compared with those of the same run.

use std::fmt::Write;

use crate::format;
use crate::metric::{self, Better, Metric};
use crate::results::{Results, Subject};

/// The peer for which most bars are.
const OURS: &str = "wasio";

/// A bar: the ratio of a figure of wasio to `of` must be at least or at most `limit`, depending on
/// which direction of the metric is better.
struct Bar {
    peer: &'static str,
    scenario: &'static str,
    size: usize,
    metric: Metric,
    of: Of,
    limit: f64,
}

#[derive(Clone, Copy)]
enum Of {
    /// The figure of this peer.
    Peer(&'static str),
    /// The figure of wasio at this size.
    OwnAt(usize),
    /// Nothing: the limit is in the unit of the metric.
    Itself,
}

const BARS: &[Bar] = &[
    bar("ping_pong", 0, metric::THROUGHPUT, Of::Peer("mio"), 1.3),
    bar("ping_pong", 0, metric::THROUGHPUT, Of::Peer("raw"), 0.9),
    bar(
        "ping_pong",
        1_000,
        metric::THROUGHPUT,
        Of::Peer("mio"),
        20.0,
    ),
    bar("ping_pong", 1_000, metric::THROUGHPUT, Of::OwnAt(0), 0.85),
    bar("ping_pong", 4_000, metric::THROUGHPUT, Of::OwnAt(0), 0.8),
    bar("ping_pong", 8_000, metric::THROUGHPUT, Of::OwnAt(0), 0.7),
    bar("pummel_16", 0, metric::THROUGHPUT, Of::Peer("mio"), 1.3),
    bar("pummel_16", 1_000, metric::THROUGHPUT, Of::OwnAt(0), 0.8),
    bar("pummel_256", 0, metric::THROUGHPUT, Of::Peer("mio"), 1.3),
    bar("pummel_256", 1_000, metric::THROUGHPUT, Of::OwnAt(0), 0.8),
    bar("idle", 1_000, metric::IDLE_CPU, Of::Itself, 0.5),
    bar("cold_latency", 1_000, metric::P99, Of::Itself, 3_000.0),
    bar("cold_latency", 1_000, metric::MAX, Of::Itself, 10_000.0),
    bar("accept_storm", 0, metric::CONNECTIONS, Of::Peer("mio"), 1.0),
    bar(
        "accept_storm",
        1_000,
        metric::CONNECTIONS,
        Of::Peer("mio"),
        1.0,
    ),
    bar("opening", 8_000, metric::OPENING, Of::OwnAt(1_000), 1.5),
    bar("burst", 0, metric::THROUGHPUT, Of::Peer("mio"), 1.0),
    bar("burst", 1_000, metric::THROUGHPUT, Of::Peer("mio"), 1.0),
    bar("size", 0, metric::SIZE, Of::Peer("mio"), 1.0),
    bar(
        "cold_latency_200us",
        1_000,
        metric::P99,
        Of::Itself,
        1_000.0,
    ),
    bar(
        "memory_registered",
        1_000,
        metric::SOURCE,
        Of::Itself,
        200.0,
    ),
    bar(
        "memory_registered",
        1_100,
        metric::SOURCE,
        Of::Itself,
        200.0,
    ),
    bar("idle", 1_000, metric::IDLE_CPU, Of::Itself, 1.0).of("tokio-p1"),
    bar(
        "ping_pong",
        1_000,
        metric::THROUGHPUT,
        Of::Peer("tokio-mio-p1"),
        20.0,
    )
    .of("tokio-p1"),
    bar("ping_pong", 1_000, metric::THROUGHPUT, Of::OwnAt(0), 0.6).of("tokio-p1"),
    p2("ping_pong", 0, metric::THROUGHPUT, Of::Peer("mio-p2"), 1.0),
    p2("ping_pong", 0, metric::THROUGHPUT, Of::Peer("wstd-p2"), 1.0),
    p2("ping_pong", 0, metric::CPU, Of::Peer("mio-p2"), 1.0),
    p2("ping_pong", 0, metric::CPU, Of::Peer("wstd-p2"), 1.0),
    p2(
        "ping_pong",
        1_000,
        metric::THROUGHPUT,
        Of::Peer("mio-p2"),
        6.0,
    ),
    p2(
        "ping_pong",
        4_000,
        metric::THROUGHPUT,
        Of::Peer("mio-p2"),
        50.0,
    ),
    p2("ping_pong", 1_000, metric::THROUGHPUT, Of::OwnAt(0), 0.75),
    p2("ping_pong", 4_000, metric::THROUGHPUT, Of::OwnAt(0), 0.65),
    p2("idle", 1_000, metric::IDLE_CPU, Of::Itself, 0.5),
    p2("cold_latency", 1_000, metric::P99, Of::Itself, 5_000.0),
    p2(
        "echo_throughput",
        0,
        metric::BANDWIDTH,
        Of::Peer("mio-p2"),
        1.0,
    ),
    p2(
        "echo_throughput",
        0,
        metric::BANDWIDTH,
        Of::Peer("wstd-p2"),
        1.0,
    ),
    bar(
        "ping_pong",
        1_000,
        metric::THROUGHPUT,
        Of::Peer("tokio-mio-p2"),
        5.0,
    )
    .of("tokio-p2"),
    p2("size", 0, metric::SIZE, Of::Peer("mio-p2"), 1.0),
    p2("size", 0, metric::SIZE, Of::Peer("wstd-p2"), 1.0),
];

/// The bars on WASI 0.3. mio is not there, so it is that on 0.2.
const BARS_OF_03: &[Bar] = &{
    use Of::{Itself, OwnAt, Peer};
    use metric::{BANDWIDTH, CONNECTIONS, CPU, IDLE_CPU, MEMORY, P99, SIZE, THROUGHPUT};

    const P2: Of = Peer("wasio-p2");
    const RAW: Of = Peer("raw-p3");
    [
        p3("ping_pong", 0, CPU, P2, 1.0),
        p3("ping_pong", 0, CPU, Peer("mio-p2"), 1.0),
        p3("ping_pong", 1_000, THROUGHPUT, OwnAt(0), 0.95),
        p3("ping_pong", 4_000, THROUGHPUT, OwnAt(0), 0.95),
        p3("ping_pong", 8_000, THROUGHPUT, OwnAt(0), 0.95),
        p3("ping_pong", 1_000, CPU, OwnAt(0), 1.1),
        p3("ping_pong", 4_000, CPU, OwnAt(0), 1.1),
        p3("ping_pong", 8_000, CPU, OwnAt(0), 1.1),
        p3("ping_pong", 1_000, CPU, P2, 0.8),
        p3("ping_pong", 4_000, CPU, P2, 0.8),
        p3("ping_pong", 8_000, CPU, P2, 0.8),
        p3("pummel_16", 0, THROUGHPUT, P2, 1.05),
        p3("pummel_16", 1_000, THROUGHPUT, P2, 1.2),
        p3("pummel_16", 0, CPU, RAW, 1.15),
        p3("pummel_16", 1_000, CPU, RAW, 1.15),
        p3("pummel_16", 0, P99, P2, 1.0),
        p3("pummel_16", 1_000, P99, P2, 1.0),
        p3("pummel_256", 0, THROUGHPUT, P2, 1.05),
        p3("pummel_256", 1_000, THROUGHPUT, P2, 1.2),
        p3("pummel_256", 0, CPU, RAW, 1.15),
        p3("pummel_256", 1_000, CPU, RAW, 1.15),
        p3("pummel_256", 0, P99, P2, 1.0),
        p3("pummel_256", 1_000, P99, P2, 1.0),
        p3("cold_latency", 1_000, P99, Itself, 1_000.0),
        p3("cold_latency", 8_000, P99, Itself, 1_000.0),
        p3("idle", 8_000, IDLE_CPU, Itself, 0.1),
        p3("accept_storm", 0, CONNECTIONS, P2, 1.0),
        p3("accept_storm", 1_000, CONNECTIONS, P2, 1.0),
        p3("burst", 0, THROUGHPUT, P2, 1.0),
        p3("burst", 1_000, THROUGHPUT, P2, 1.0),
        p3("echo_throughput", 0, BANDWIDTH, P2, 1.0),
        p3("memory", 1_000, MEMORY, Itself, 512.0),
        p3("size", 0, SIZE, P2, 1.1),
        p3("ping_pong", 0, CPU, Peer("wasio-p3"), 1.1).of("tokio-p3"),
        p3("ping_pong", 8_000, CPU, OwnAt(0), 1.1).of("tokio-p3"),
    ]
};

/// A bar for wasio on WASI 0.3.
const fn p3(scenario: &'static str, size: usize, metric: Metric, of: Of, limit: f64) -> Bar {
    bar(scenario, size, metric, of, limit).of("wasio-p3")
}

/// A bar for wasio on WASI 0.2.
const fn p2(scenario: &'static str, size: usize, metric: Metric, of: Of, limit: f64) -> Bar {
    bar(scenario, size, metric, of, limit).of("wasio-p2")
}

const fn bar(scenario: &'static str, size: usize, metric: Metric, of: Of, limit: f64) -> Bar {
    Bar {
        peer: OURS,
        scenario,
        size,
        metric,
        of,
        limit,
    }
}

/// Returns a Markdown table of the bars that were measured, or `None` if there is none.
#[must_use]
pub fn table(results: &Results) -> Option<String> {
    let mut text = "| bar | measured | |\n|---|---:|---|\n".to_owned();
    let mut any = false;
    for bar in BARS.iter().chain(BARS_OF_03) {
        if let Some(measured) = bar.measured(results) {
            let verdict = if bar.is_met(measured) {
                "met"
            } else {
                "missed"
            };
            let figure = format::figure(measured);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "| {} | {figure} | {verdict} |", bar.sentence());
            any = true;
        }
    }
    any.then_some(text)
}

impl Bar {
    /// The same bar for another peer.
    const fn of(self, peer: &'static str) -> Self {
        Self { peer, ..self }
    }

    fn sentence(&self) -> String {
        let Self {
            scenario, metric, ..
        } = self;
        let size = format::count(self.size as u64);
        let sign = match metric.better {
            Better::Higher => "≥",
            Better::Lower => "≤",
        };
        let limit = format::figure(self.limit);
        let limit = match self.of {
            Of::Peer(peer) => format!("{limit} × {peer}"),
            Of::OwnAt(size) => format!("{limit} × own at {}", format::count(size as u64)),
            Of::Itself => format!("{limit} {}", metric.unit),
        };
        let whose = match self.peer {
            OURS => String::new(),
            peer => format!(" of {peer}"),
        };
        format!("{scenario}, {size}: {}{whose} {sign} {limit}", metric.name)
    }

    fn measured(&self, results: &Results) -> Option<f64> {
        let ours = Subject {
            scenario: self.scenario,
            size: self.size,
            peer: self.peer,
        };
        let series = results.get(ours, self.metric)?;
        let other = match self.of {
            Of::Peer(peer) => Subject { peer, ..ours },
            Of::OwnAt(size) => Subject { size, ..ours },
            Of::Itself => return Some(series.median()),
        };
        series.ratio(results.get(other, self.metric)?)
    }

    fn is_met(&self, measured: f64) -> bool {
        match self.metric.better {
            Better::Higher => measured >= self.limit,
            Better::Lower => measured <= self.limit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(figures: &[(&'static str, usize, f64)]) -> Results {
        let mut results = Results::default();
        for (peer, size, value) in figures {
            let subject = Subject {
                scenario: "ping_pong",
                size: *size,
                peer,
            };
            results.add(subject, 0, vec![(metric::THROUGHPUT, *value)]);
        }
        results
    }

    #[test]
    fn a_bar_is_met_or_missed() {
        let results = results(&[
            ("wasio", 0, 130.0),
            ("mio", 0, 100.0),
            ("wasio", 1_000, 110.0),
        ]);
        let table = table(&results).unwrap();
        assert!(
            table.contains("ping_pong, 0: throughput ≥ 1.30 × mio | 1.30 | met"),
            "{table}"
        );
        assert!(
            table.contains("≥ 0.850 × own at 0 | 0.846 | missed"),
            "{table}"
        );
        assert_eq!(table.lines().count(), 4, "{table}");
    }

    #[test]
    fn a_lower_figure_meets_a_bar_that_is_a_ceiling() {
        let ceiling = bar("idle", 1_000, metric::IDLE_CPU, Of::Itself, 0.5);
        assert!(ceiling.is_met(0.5));
        assert!(!ceiling.is_met(0.51));
    }

    #[test]
    fn without_figures_of_ours_there_is_no_table() {
        assert_eq!(table(&results(&[("mio", 0, 1.0)])), None);
    }
}

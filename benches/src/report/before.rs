//! wasio beside its build of an earlier commit.

use std::fmt::Write;

use crate::format;
use crate::metric::{self, Better, Metric};
use crate::peer::earlier;
use crate::results::{Results, Series, Subject};

/// The share that a figure may be worse than before.
const TOLERANCE: f64 = 0.05;

/// CPU time while no peer sends, in % of a core, that counts as none: 0.2 ms of two seconds, which
/// one more wake-up of the host takes.
const NO_IDLE_CPU: f64 = 0.01;

/// Two figures of one scenario, size and peer.
struct Comparison<'a> {
    now: &'a Series,
    before: &'a Series,
}

/// A Markdown table with a row per scenario, size and peer that was measured in both builds;
/// `None` when none was. A row is judged by the first figure of its scenario.
#[must_use]
pub fn table(results: &Results) -> Option<String> {
    let rows = comparisons(results);
    if rows.is_empty() {
        return None;
    }
    let mut text = "| scenario | size | peer | figure | before | now | × before \
                    | throughput × | p99 × | within 5% |\n\
                    |---|---:|---|---|---:|---:|---:|---:|---:|---|\n"
        .to_owned();
    for row in &rows {
        let subject = row.now.subject();
        let other = |metric| {
            let found = Comparison::find(results, subject, metric);
            found.map_or_else(String::new, |one| one.ratio())
        };
        // Writing to a string does not fail.
        let _ = writeln!(
            text,
            "| {} | {} | {} | {}, {} | {} | {} | {} | {} | {} | {} |",
            subject.scenario,
            format::count(subject.size as u64),
            subject.peer,
            row.now.metric.name,
            row.now.metric.unit,
            format::figure(row.before.median()),
            format::figure(row.now.median()),
            row.bounded_ratio(),
            other(metric::THROUGHPUT),
            other(metric::P99),
            if row.is_within() { "yes" } else { "**no**" },
        );
    }
    let within = rows.iter().filter(|row| row.is_within()).count();
    let _ = writeln!(
        text,
        "\n{within} of {} are within 5% or better. `×` is the median of the ratios round by round, \
         with the lowest and the highest.",
        rows.len()
    );
    Some(text)
}

/// The main figure of each subject.
fn comparisons(results: &Results) -> Vec<Comparison<'_>> {
    let mut found: Vec<Comparison<'_>> = Vec::new();
    for before in results.all() {
        let Some(peer) = earlier::original(before.peer) else {
            continue;
        };
        let subject = Subject {
            peer,
            ..before.subject()
        };
        if found.iter().any(|one| one.now.subject() == subject) {
            continue;
        }
        if let Some(now) = results.get(subject, before.metric) {
            found.push(Comparison { now, before });
        }
    }
    found
}

impl<'a> Comparison<'a> {
    fn find(results: &'a Results, subject: Subject, metric: Metric) -> Option<Self> {
        let now = results.get(subject, metric)?;
        let is_before = |one: &&Series| {
            let peer = earlier::original(one.peer);
            peer == Some(subject.peer)
                && one.metric == metric
                && (one.scenario, one.size) == (subject.scenario, subject.size)
        };
        let before = results.all().iter().find(is_before)?;
        Some(Self { now, before })
    }

    fn ratio(&self) -> String {
        let ratio = self.now.ratio(self.before);
        ratio.map_or_else(String::new, format::figure)
    }

    /// `1.01 (0.980 to 1.04)`, or the ratio alone when there is one round.
    fn bounded_ratio(&self) -> String {
        let ratios = self.now.ratios(self.before);
        if ratios.len() < 2 {
            return self.ratio();
        }
        let min = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let max = ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (min, max) = (format::figure(min), format::figure(max));
        format!("{} ({min} to {max})", self.ratio())
    }

    fn is_within(&self) -> bool {
        if self.now.metric == metric::IDLE_CPU && self.now.median() <= NO_IDLE_CPU {
            return true;
        }
        let Some(ratio) = self.now.ratio(self.before) else {
            return self.now.median() <= self.before.median();
        };
        match self.now.metric.better {
            Better::Higher => ratio >= 1.0 - TOLERANCE,
            Better::Lower => ratio <= 1.0 + TOLERANCE,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(figures: &[(&'static str, Metric, &[f64])]) -> Results {
        let mut results = Results::default();
        for (peer, metric, values) in figures {
            let subject = Subject {
                scenario: "ping_pong",
                size: 1_000,
                peer,
            };
            for (round, value) in values.iter().enumerate() {
                results.add(subject, round, vec![(*metric, *value)]);
            }
        }
        results
    }

    #[test]
    fn a_row_has_the_ratios_of_both_builds() {
        let results = measured(&[
            ("wasio-p2", metric::CPU, &[20.0, 22.0, 21.0]),
            ("wasio-p2", metric::THROUGHPUT, &[90.0, 90.0, 90.0]),
            ("wasio-p2-before", metric::CPU, &[20.0, 20.0, 20.0]),
            (
                "wasio-p2-before",
                metric::THROUGHPUT,
                &[100.0, 100.0, 100.0],
            ),
            ("mio-p2", metric::CPU, &[30.0, 30.0, 30.0]),
        ]);
        let table = table(&results).unwrap();
        let row = "| ping_pong | 1\u{a0}000 | wasio-p2 | cpu, µs per round trip | 20.0 | 21.0 \
                   | 1.05 (1.00 to 1.10) | 0.900 |  | yes |";
        assert!(table.contains(row), "{table}");
        assert!(table.contains("\n1 of 1 are within"), "{table}");
    }

    #[test]
    fn more_than_5_percent_worse_is_not_within() {
        let is_within = |metric, now: f64, before: f64| {
            let results = measured(&[
                ("wasio", metric, &[now]),
                ("wasio-before", metric, &[before]),
            ]);
            !table(&results).unwrap().contains("**no**")
        };
        assert!(is_within(metric::CPU, 104.9, 100.0));
        assert!(is_within(metric::CPU, 50.0, 100.0));
        assert!(!is_within(metric::CPU, 105.1, 100.0));
        assert!(is_within(metric::BANDWIDTH, 95.1, 100.0));
        assert!(is_within(metric::BANDWIDTH, 200.0, 100.0));
        assert!(!is_within(metric::BANDWIDTH, 94.9, 100.0));
    }

    #[test]
    fn idle_cpu_of_a_wake_up_counts_as_none() {
        let idle = |now: f64, before: f64| {
            let figures = [
                ("wasio", metric::IDLE_CPU, &[now][..]),
                ("wasio-before", metric::IDLE_CPU, &[before]),
            ];
            comparisons(&measured(&figures))[0].is_within()
        };
        assert!(idle(0.009, 0.001));
        assert!(idle(0.104, 0.1));
        assert!(!idle(0.011, 0.010));
        assert!(!idle(0.011, 0.0));
    }

    #[test]
    fn without_an_earlier_build_there_is_no_table() {
        assert_eq!(table(&measured(&[("wasio", metric::CPU, &[1.0])])), None);
    }
}

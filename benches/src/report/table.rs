//! The tables for the terminal and for the record.

use std::fmt::Write;

use comfy_table::{Cell, CellAlignment};

use crate::format;
use crate::metric::Metric;
use crate::peer::{REFERENCE, reference_of};
use crate::results::{Results, Series, Subject};
use crate::scenario::Scenario;

/// The figures of one scenario: one row per size and peer, one column per metric.
#[derive(Debug)]
pub struct ScenarioTable<'a> {
    results: &'a Results,
    name: &'static str,
    size_counts: &'static str,
    metrics: Vec<Metric>,
    rows: Vec<Subject>,
}

impl<'a> ScenarioTable<'a> {
    /// Returns `None` if the scenario has no figures.
    #[must_use]
    pub fn new(results: &'a Results, scenario: &dyn Scenario) -> Option<Self> {
        let mut table = Self {
            results,
            name: scenario.name(),
            size_counts: scenario.size_counts(),
            metrics: Vec::new(),
            rows: Vec::new(),
        };
        for one in results.all() {
            if one.scenario != table.name {
                continue;
            }
            if !table.metrics.contains(&one.metric) {
                table.metrics.push(one.metric);
            }
            if !table.rows.contains(&one.subject()) {
                table.rows.push(one.subject());
            }
        }
        (!table.rows.is_empty()).then_some(table)
    }

    /// The medians, and their ratios to the reference.
    #[must_use]
    pub fn for_terminal(&self) -> String {
        let mut table = format::new_table();
        let mut header = vec![self.size_counts.to_owned(), "peer".to_owned()];
        for metric in &self.metrics {
            header.push(format!("{}\n{}", metric.name, metric.unit));
            header.push(format!("× {REFERENCE}"));
        }
        table.set_header(header);
        for subject in &self.rows {
            let mut row = vec![number(format::count(subject.size as u64))];
            row.push(Cell::new(subject.peer));
            for metric in &self.metrics {
                let series = self.results.get(*subject, *metric);
                let median = series.map_or_else(String::new, |one| format::figure(one.median()));
                row.push(number(median));
                row.push(number(self.ratio(*subject, *metric)));
            }
            table.add_row(row);
        }
        format!("{}\n{table}", self.name)
    }

    /// The same with the lowest and the highest figures, in Markdown.
    #[must_use]
    pub fn for_record(&self) -> String {
        let mut text = format!("| {} | peer |", self.size_counts);
        for metric in &self.metrics {
            // Writing to a string cannot fail.
            let _ = write!(text, " {}, {} | × {REFERENCE} |", metric.name, metric.unit);
        }
        text.push_str("\n|---:|---|");
        text.push_str(&"---:|---:|".repeat(self.metrics.len()));
        for subject in &self.rows {
            let size = format::count(subject.size as u64);
            let _ = write!(text, "\n| {size} | {} |", subject.peer);
            for metric in &self.metrics {
                let series = self.results.get(*subject, *metric);
                let bounded = series.map_or_else(String::new, bounded);
                let _ = write!(text, " {bounded} | {} |", self.ratio(*subject, *metric));
            }
        }
        text.push('\n');
        text
    }

    fn ratio(&self, subject: Subject, metric: Metric) -> String {
        let reference = Subject {
            peer: reference_of(subject.peer),
            ..subject
        };
        if subject == reference {
            return String::new();
        }
        let ratio = self.results.get(subject, metric).and_then(|series| {
            let reference = self.results.get(reference, metric)?;
            series.ratio(reference)
        });
        ratio.map_or_else(String::new, format::figure)
    }
}

fn number(text: String) -> Cell {
    Cell::new(text).set_alignment(CellAlignment::Right)
}

/// Formats `24.1 (23.0 to 25.9)`, or only the figure if there is just one.
fn bounded(series: &Series) -> String {
    let median = format::figure(series.median());
    if series.values.len() < 2 {
        return median;
    }
    let (min, max) = (format::figure(series.min()), format::figure(series.max()));
    format!("{median} ({min} to {max})")
}

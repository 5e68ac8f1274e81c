//! What the demo tells: a chart per phase, and a table of the rest.

use std::time::Duration;

use comfy_table::{CellAlignment, Table};

use super::Findings;
use super::chart::{Chart, Row};
use crate::format;

/// The charts of the three phases.
#[must_use]
pub fn charts(all: &[Findings]) -> String {
    let connections = all.first().map_or(0, |findings| findings.connections);
    let connections = format::count(connections as u64);
    let charts = [
        chart(
            all,
            format!("{connections} connections, all busy: round trips per second (long is good)"),
            |findings| (findings.busy_rate(), format::figure(findings.busy_rate())),
        ),
        chart(
            all,
            format!("{connections} stay open, one talks: round trips per second (long is good)"),
            |findings| (findings.alone_rate(), findings.alone_text()),
        ),
        chart(
            all,
            format!("{connections} stay open, one talks: CPU per round trip (short is good)"),
            |findings| {
                let cpu = findings.alone_cpu();
                (cpu.as_secs_f64(), format::time(cpu))
            },
        ),
        chart(
            all,
            format!("{connections} stay open, nobody talks: CPU of the server (short is good)"),
            |findings| {
                let percent = findings.idle_share * 100.0;
                (percent, format!("{percent:.2}% of a core"))
            },
        )
        .up_to(1.0),
    ];
    charts.map(|chart| format!("\n{chart}")).concat()
}

fn chart(all: &[Findings], title: String, of: impl Fn(&Findings) -> (f64, String)) -> Chart {
    let row = |findings: &Findings| {
        let (value, text) = of(findings);
        Row {
            name: findings.name.clone(),
            value,
            text,
        }
    };
    Chart {
        title,
        rows: all.iter().map(row).collect(),
        full: 0.0,
    }
}

impl Chart {
    /// With bars that are shorter if no value is as large as this.
    fn up_to(self, full: f64) -> Self {
        Self { full, ..self }
    }
}

/// The figures of all servers side by side.
#[must_use]
pub fn table(all: &[Findings]) -> Table {
    let mut table = format::new_table();
    let mut header = vec![String::new()];
    header.extend(all.iter().map(|findings| findings.name.clone()));
    table.set_header(header);
    let columns: Vec<_> = all.iter().map(Findings::column).collect();
    for row in 0..columns.first().map_or(0, Vec::len) {
        let mut cells = vec![columns[0][row].0.to_owned()];
        cells.extend(columns.iter().map(|column| column[row].1.clone()));
        table.add_row(cells);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

impl Findings {
    fn busy_rate(&self) -> f64 {
        rate(self.messages, self.elapsed)
    }

    fn alone_rate(&self) -> f64 {
        rate(self.alone.round_trips, self.alone.elapsed)
    }

    fn alone_cpu(&self) -> Duration {
        let round_trips = (self.alone.round_trips as f64).max(1.0);
        self.alone.server_cpu.div_f64(round_trips)
    }

    fn alone_text(&self) -> String {
        let p99 = Duration::from_nanos(self.alone.latency_ns.value_at_quantile(0.99));
        let rate = format::figure(self.alone_rate());
        format!("{rate}, 99 of 100 within {}", format::time(p99))
    }

    /// The column of this server: the name and the value of each row.
    fn column(&self) -> Vec<(&'static str, String)> {
        let quantile = |q| format::time(Duration::from_nanos(self.latency_ns.value_at_quantile(q)));
        let per_round_trip = self.server_cpu.div_f64((self.messages as f64).max(1.0));
        let mut column = vec![
            ("messages checked", self.messages_text()),
            ("MiB there and back", format::count(self.bytes >> 20)),
            ("latency, all busy, median", quantile(0.5)),
            ("latency, all busy, 99 of 100 below", quantile(0.99)),
            ("CPU per round trip, all busy", format::time(per_round_trip)),
            ("guest size", format::kib(self.size_bytes)),
        ];
        if let Some(bytes) = self.peak_memory_bytes {
            column.push(("peak guest memory", format::kib(bytes as u64)));
        }
        column
    }

    fn messages_text(&self) -> String {
        let messages = format::count(self.messages);
        if self.messages >= self.expected_messages {
            return messages;
        }
        let expected = format::count(self.expected_messages);
        format!("{messages} (of {expected}: its time was over)")
    }
}

/// Per second; none where nothing was measured.
fn rate(count: u64, time: Duration) -> f64 {
    if time.is_zero() {
        return 0.0;
    }
    count as f64 / time.as_secs_f64()
}

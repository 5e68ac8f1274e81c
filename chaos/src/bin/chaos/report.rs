//! The table at the end.

use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::Duration;

use comfy_table::{Cell, CellAlignment, LineStyle, Table, presets};
use wasio_chaos::plan::{Fault, Party};

use crate::backend::Built;
use crate::run::Outcome;
use crate::settle::Kept;

/// Prints what the runs showed. It is a failure if something that must hold did not.
pub(crate) fn print(seed: u64, built: &[Built], outcomes: Vec<Outcome>) -> ExitCode {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    let names = built.iter().map(|one| one.backend.name());
    table.set_header(std::iter::once("").chain(names));
    let columns: Vec<_> = outcomes.iter().map(rows).collect();
    for (index, (name, _)) in columns.first().into_iter().flatten().enumerate() {
        let values = columns
            .iter()
            .filter_map(|column| Some(&column.get(index)?.1));
        let values = values.map(|value| Cell::new(value).set_alignment(CellAlignment::Right));
        table.add_row(std::iter::once(Cell::new(name)).chain(values));
    }
    println!("{table}");
    let mut code = ExitCode::SUCCESS;
    for (built, outcome) in built.iter().zip(&outcomes) {
        for violation in outcome.shared.violations() {
            code = ExitCode::FAILURE;
            println!("VIOLATION on {} {violation}", built.backend.name());
        }
        if !outcome.shared.violations().is_empty() {
            println!("  the last faults of a host before that:");
            for fault in outcome.shared.last_faults() {
                println!("    {fault}");
            }
        }
    }
    let verdict = if code == ExitCode::SUCCESS {
        "nothing was lost"
    } else {
        "FAILED"
    };
    println!("chaos: seed {seed}: {verdict}");
    code
}

fn rows(outcome: &Outcome) -> Vec<(&'static str, String)> {
    let [server, client] = [0, 1].map(|index| outcome.hosts.as_ref().map(|hosts| &hosts[index]));
    let of_server = |name| server.map_or(0, |host| host.count(name));
    let of_client = |name| client.map_or(0, |host| host.count(name));
    let both = |name| (of_server(name) + of_client(name)).to_string();
    let mut rows = vec![
        ("connections as planned", of_client("done").to_string()),
        ("broken by the proxy", of_client("broken").to_string()),
        ("accepted by the server", of_server("accepted").to_string()),
        ("accepts that failed", of_server("errors").to_string()),
        ("KiB checked", kib(of_client("bytes")).to_string()),
        ("datagrams sent", of_client("datagrams_sent").to_string()),
        ("datagrams back", of_client("datagrams").to_string()),
        (
            "look-ups, failing ones",
            pair(of_client("lookups"), of_client("lookups_failed")),
        ),
        ("bytes of standard input", of_server("input").to_string()),
        ("timers", both("timers")),
        ("wakes", both("wakes")),
        ("polls", both("polls")),
    ];
    rows.extend(costs(outcome));
    rows.extend(faults(outcome));
    rows.push(("violations", outcome.shared.violations().len().to_string()));
    rows
}

/// What the run cost, and what was left of it.
fn costs(outcome: &Outcome) -> Vec<(&'static str, String)> {
    let counts = &outcome.shared.counts;
    let [server, client] = outcome.kept;
    let shares = outcome
        .quiet
        .cpu
        .map(|share| format!("{:.2}%", share * 100.0));
    let calls = outcome.quiet.calls.map(|calls| format!("{calls:.0}"));
    let early = outcome
        .quiet
        .memory
        .map_or([None; 2], |both| both.map(Some));
    vec![
        ("probes answered", outcome.probes.answered.len().to_string()),
        ("probes excused", outcome.probes.excused.to_string()),
        ("slowest probe", slowest(&outcome.probes.answered)),
        ("quiet times", outcome.quiet.measured.to_string()),
        ("quiet times disturbed", outcome.quiet.disturbed.to_string()),
        ("quiet times starved", outcome.quiet.starved.to_string()),
        ("quiet CPU, server, client", shares.join(", ")),
        ("quiet calls/s, server, client", calls.join(", ")),
        ("server: descriptors", change(server, |one| one.descriptors)),
        ("server: resources", change(server, |one| one.resources)),
        ("server: KiB of memory", memory(server, early[0])),
        ("client: descriptors", change(client, |one| one.descriptors)),
        ("client: resources", change(client, |one| one.resources)),
        ("client: KiB of memory", memory(client, early[1])),
        (
            "resources left, server, client",
            outcome.left.map(|one| one.to_string()).join(", "),
        ),
        (
            "proxy: cuts",
            counts.cuts.load(Ordering::SeqCst).to_string(),
        ),
        (
            "proxy: datagram faults",
            counts.datagram_faults.load(Ordering::SeqCst).to_string(),
        ),
        (
            "faults left out as too late",
            counts.late_faults.load(Ordering::SeqCst).to_string(),
        ),
    ]
}

fn faults(outcome: &Outcome) -> [(&'static str, String); 7] {
    let performed = outcome.shared.performed();
    let count = |is_such: fn(Fault) -> bool| {
        performed
            .iter()
            .filter(|one| is_such(one.fault))
            .count()
            .to_string()
    };
    [
        ("floods", count(|one| matches!(one, Fault::Flood { .. }))),
        (
            "server without descriptors",
            count(|one| is_limit(one, Party::Server)),
        ),
        (
            "client without descriptors",
            count(|one| is_limit(one, Party::Client)),
        ),
        (
            "server stopped",
            count(|one| one == Fault::Stop { of: Party::Server }),
        ),
        (
            "client stopped",
            count(|one| one == Fault::Stop { of: Party::Client }),
        ),
        ("stalls", count(|one| one == Fault::Stall)),
        ("refusals", count(|one| one == Fault::Refuse)),
    ]
}

/// What there was before and after.
fn change([before, after]: [Kept; 2], of: fn(Kept) -> u64) -> String {
    pair(of(before), of(after))
}

/// The memory in the first quiet time, if there was one, and after the run.
fn memory([before, after]: [Kept; 2], early: Option<u64>) -> String {
    pair(kib(early.unwrap_or(before.memory)), kib(after.memory))
}

fn pair(before: u64, after: u64) -> String {
    format!("{before}, {after}")
}

fn kib(bytes: u64) -> u64 {
    bytes >> 10
}

fn is_limit(fault: Fault, party: Party) -> bool {
    matches!(fault, Fault::Descriptors { of, .. } if of == party)
}

fn slowest(answered: &[Duration]) -> String {
    let slowest = answered.iter().max();
    slowest.map_or("-".to_owned(), |time| {
        format!("{:.0} ms", time.as_secs_f64() * 1_000.0)
    })
}

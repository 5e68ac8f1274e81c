//! The rules about the documents at the root.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Rule};

/// What looks like the name of a test: a scenario of the bench, a method, and parts of the host's
/// interface.
const NOT_TESTS: [&str; 14] = [
    "clock_res_get",
    "clock_time_get",
    "cold_latency",
    "fd_fdstat_get",
    "fd_fdstat_set_flags",
    "fd_fdstat_set_rights",
    "fd_filestat_get",
    "fd_prestat_dir_name",
    "fd_prestat_get",
    "is_read_closed",
    "sock_recv_from",
    "sock_send_to",
    "wasi_snapshot_preview1",
    "wasm_import_module",
];

/// What the name of a guest begins with, as in the build script of the guests.
const GUESTS: [&str; 7] = ["any_", "net_", "node_", "p1_", "p2_", "p3_", "threads_"];

/// What a measured figure is followed by, or holds.
const UNITS: [&str; 9] = [
    "%",
    "×",
    "MiB/s",
    "GiB/s",
    "round trips",
    "times",
    "/s",
    "messages a second",
    "connections a second",
];

const RECORD_STARTS: &str = "<!-- record: ";
const RECORD_ENDS: &str = "<!-- /record -->";

pub(super) fn missing(name: &str) -> Finding {
    let rule = if name == "README.md" {
        Rule::Readme
    } else {
        Rule::Platform
    };
    Finding::new(rule, name, 1, "missing".to_owned())
}

/// Each test that PLATFORM.md names in `backticks` exists: all names in the last column of a
/// table, which says what shows the row, and elsewhere the names of three words or of a guest.
pub(super) fn platform(text: &str, tests: &BTreeSet<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let (before, last) = last_cell(line).unwrap_or((line, ""));
        let elsewhere = names(before).filter(|name| is_like_a_test(name));
        for name in elsewhere.chain(names(last)) {
            if !tests.contains(name) && !NOT_TESTS.contains(&name) {
                let text = format!("no test is called {name}");
                findings.push(Finding::new(Rule::Platform, "PLATFORM.md", number, text));
            }
        }
    }
    findings
}

/// What stands before the last column of a row, and in it.
fn last_cell(line: &str) -> Option<(&str, &str)> {
    line.trim()
        .strip_prefix('|')?
        .strip_suffix('|')?
        .rsplit_once('|')
}

/// The names in `backticks` that a function can have.
fn names(text: &str) -> impl Iterator<Item = &str> {
    let is_part = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(move |name| !name.is_empty() && name.chars().all(is_part))
}

fn is_like_a_test(name: &str) -> bool {
    name.split('_').count() >= 3 || GUESTS.iter().any(|start| name.starts_with(start))
}

/// README.md takes its figures from records, between `<!-- record: FILE -->`, once per record, and
/// `<!-- /record -->`, and states none elsewhere. A row there is a row of a record, or some of
/// its cells in the same order, without what stands in brackets. `records` are the files by path.
pub(super) fn readme(text: &str, records: &BTreeMap<&str, &str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut report =
        |line, text| findings.push(Finding::new(Rule::Readme, "README.md", line, text));
    let mut record: Option<Vec<&str>> = None;
    let mut in_code = false;
    let mut before = "";
    for (number, line) in (1..).zip(text.lines().map(str::trim)) {
        in_code ^= line.starts_with("```");
        for path in links_to_records(line) {
            if !records.contains_key(path) {
                report(number, format!("{path} is not there"));
            }
        }
        if let Some(path) = opened_record(line) {
            let opened = record.get_or_insert_default();
            match records.get(path) {
                Some(text) => opened.push(text),
                None => report(number, format!("there is no record {path}")),
            }
        } else if line == RECORD_ENDS {
            record = None;
        } else if let Some(copied) = &record
            && !is_heading(before, line)
        {
            let mut rows = copied.iter().flat_map(|text| text.lines());
            if !line.is_empty() && !rows.any(|row| is_from(line, row.trim())) {
                report(number, format!("not in the record: {line}"));
            }
        } else if !in_code && has_figure(line) {
            report(number, "a measured figure outside of a record".to_owned());
        }
        before = line;
    }
    findings
}

/// Whether `line` is the first of a table, or the one of dashes under it.
fn is_heading(before: &str, line: &str) -> bool {
    let is_rule = line.chars().all(|c| "|-: ".contains(c));
    line.starts_with('|') && (!before.starts_with('|') || is_rule)
}

/// Whether each cell of `line` is a cell of `row`, in the same order and without what stands in
/// brackets there.
fn is_from(line: &str, row: &str) -> bool {
    let mut cells = row
        .split('|')
        .map(|cell| cell.split(" (").next().unwrap_or_default().trim());
    let is_row = line.starts_with('|') && row.starts_with('|');
    line == row
        || is_row
            && line
                .split('|')
                .all(|one| cells.any(|cell| cell == one.trim()))
}

fn opened_record(line: &str) -> Option<&str> {
    line.strip_prefix(RECORD_STARTS)?.strip_suffix(" -->")
}

fn links_to_records(line: &str) -> impl Iterator<Item = &str> {
    line.split("](")
        .skip(1)
        .filter_map(|link| link.split(')').next())
        .filter(|path| path.starts_with("benches/record/") && path.contains('.'))
}

/// A number and then a unit, as in `1.3 × mio` or `95% of`.
fn has_figure(line: &str) -> bool {
    let prose: String = line.split('`').step_by(2).collect();
    UNITS.iter().any(|unit| {
        prose.match_indices(unit).any(|(at, _)| {
            let before = prose[..at].trim_end();
            before.ends_with(|c: char| c.is_ascii_digit())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(findings: &[Finding]) -> Vec<usize> {
        findings.iter().map(|one| one.line).collect()
    }

    #[test]
    fn a_test_that_the_platform_table_names_exists() {
        let tests = ["p1_idle", "net_edge", "chat", "a_reset_is_an_event"];
        let tests = tests.map(str::to_owned).into();
        let text = "\
| behaviour | test |
| idle | `p1_idle`, `a_reset_is_an_event`, `net_edge` |
| calls `poll_oneoff`, `fd_fdstat_get`, `Duration::MAX` | `chat` |
| gone | `p2_gone` and `no_such_test` |
| gone `net_gone` | `net_edges`, `chats` |
`poll_oneoff`, but `p1_not_in_a_table` and `net_not`
";
        assert_eq!(lines(&platform(text, &tests)), [4, 4, 5, 5, 5, 6, 6]);
    }

    #[test]
    fn figures_in_the_readme_are_lines_of_a_record() {
        let records = BTreeMap::from([("benches/record/a.md", "# A\n| mio | 1.0 |\n")]);
        let copied = "<!-- record: benches/record/a.md -->\n| peer | p50 |\n| mio | 1.0 |\n<!-- /record -->\n";
        assert_eq!(lines(&readme(copied, &records)), [0_usize; 0]);
        let changed = copied.replace("1.0", "2.0");
        assert_eq!(lines(&readme(&changed, &records)), [3]);
        let absent = copied.replace("a.md", "b.md");
        assert_eq!(lines(&readme(&absent, &records)), [1, 3]);
    }

    #[test]
    fn a_row_of_the_readme_may_leave_out_cells_and_brackets() {
        let row = "| 0 | mio | 1.0 (0.9 to 1.1) | 2.0 (1.9 to 2.1) | |\n";
        let records = BTreeMap::from([("benches/record/a.md", row), ("benches/record/b.md", "")]);
        let copied = |row: &str| {
            let opened =
                "<!-- record: benches/record/b.md -->\n<!-- record: benches/record/a.md -->";
            let text = format!("{opened}\n| idle | p99 |\n|---:|---|\n{row}\n<!-- /record -->\n");
            lines(&readme(&text, &records))
        };
        for right in ["| 0 | mio | 2.0 |", "| 0 | 1.0 |", row.trim()] {
            assert_eq!(copied(right), [0_usize; 0], "{right}");
        }
        for wrong in [
            "| 0 | mio | 3.0 |",
            "| mio | 0 |",
            "| 1.0 | 1.0 |",
            "| 1.1 |",
            "mio",
        ] {
            assert_eq!(copied(wrong), [5], "{wrong}");
        }
    }

    #[test]
    fn figures_outside_of_a_record_are_found() {
        let records = BTreeMap::new();
        assert_eq!(lines(&readme("It is 20 × as fast.", &records)), [1]);
        assert_eq!(lines(&readme("Idle: 0.3% of a core.", &records)), [1]);
        assert_eq!(lines(&readme("19 500 round trips a second", &records)), [1]);
        let fine = "Serves 1 000 connections; `100%` of\n```\n50 %\n```\nsometimes 3 of them\n";
        assert_eq!(lines(&readme(fine, &records)), [0_usize; 0]);
    }

    #[test]
    fn a_plot_that_the_readme_shows_exists() {
        let shown = "![plot](benches/record/p.svg)";
        assert_eq!(lines(&readme(shown, &BTreeMap::new())), [1]);
        let records = BTreeMap::from([("benches/record/p.svg", "<svg/>")]);
        assert_eq!(lines(&readme(shown, &records)), [0_usize; 0]);
    }
}

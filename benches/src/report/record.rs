//! Writes the files in benches/record.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::Context;

use super::table::ScenarioTable;
use super::{bars, before, plot};
use crate::machine;
use crate::peer::Built;
use crate::results::{Results, Subject};
use crate::scenario::Scenario;

/// Creates `folder` and writes `results.csv`, `results.md` and the plots into it. `command` is the
/// command line of the run.
///
/// # Errors
/// A file cannot be written.
pub fn write(
    folder: &Path,
    command: &str,
    scenarios: &[&dyn Scenario],
    peers: &[Built],
    results: &Results,
) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    save(folder, "results.csv", csv(results))?;
    let text = markdown(command, scenarios, peers, results);
    save(folder, "results.md", text)?;
    save_plots(folder, results)
}

/// Draws the plots of the record in `folder` again, from its figures.
///
/// # Errors
/// There is no record, or a file cannot be written.
pub fn redraw(folder: &Path) -> anyhow::Result<()> {
    let path = folder.join("results.csv");
    let text = fs::read_to_string(&path);
    let text = text.with_context(|| format!("cannot read {}", path.display()))?;
    save_plots(folder, &plotted_in(&text)?)
}

fn save_plots(folder: &Path, results: &Results) -> anyhow::Result<()> {
    for (name, svg) in plot::against_idle_connections(results)? {
        save(folder, &name, svg)?;
    }
    Ok(())
}

fn save(folder: &Path, name: &str, text: String) -> anyhow::Result<()> {
    let path = folder.join(name);
    fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
}

/// Writes one figure per line. No name contains a comma.
fn csv(results: &Results) -> String {
    let mut text = "scenario,size,peer,metric,unit,round,value\n".to_owned();
    for one in results.all() {
        for (round, value) in &one.values {
            // Writing to a string cannot fail.
            let _ = writeln!(
                text,
                "{},{},{},{},{},{round},{value}",
                one.scenario, one.size, one.peer, one.metric.name, one.metric.unit
            );
        }
    }
    text
}

/// Reads the figures that are plotted from what [`csv`] has written.
fn plotted_in(text: &str) -> anyhow::Result<Results> {
    let mut results = Results::default();
    for line in text.lines().skip(1) {
        let columns: Vec<&str> = line.split(',').collect();
        let [scenario, size, peer, metric, _, round, value] = columns[..] else {
            anyhow::bail!("not a line of results.csv: {line}");
        };
        let metric = plot::METRICS.iter().find(|one| one.name == metric);
        let Some(metric) = metric.filter(|_| scenario == plot::SCENARIO) else {
            continue;
        };
        let number = || format!("not a number in results.csv: {line}");
        let subject = Subject {
            scenario: plot::SCENARIO,
            size: size.parse().with_context(number)?,
            // As long as the names of all other peers.
            peer: peer.to_owned().leak(),
        };
        let value = value.parse().with_context(number)?;
        let round = round.parse().with_context(number)?;
        results.add(subject, round, vec![(*metric, value)]);
    }
    Ok(results)
}

fn markdown(
    command: &str,
    scenarios: &[&dyn Scenario],
    peers: &[Built],
    results: &Results,
) -> String {
    let mut text = format!("# `{command}`\n\n");
    for line in machine::describe() {
        let _ = writeln!(text, "- {line}");
    }
    text.push_str("\nPeers:\n\n");
    for built in peers {
        let _ = writeln!(text, "- **{}**: {}", built.peer.name, built.peer.about);
    }
    text.push_str(
        "\nEach figure is the median of its rounds, with the lowest and the highest. `×` is the \
         median of the ratios round by round, for a server on tokio to the same one on mio.\n",
    );
    if let Some(bars) = bars::table(results) {
        let _ = write!(text, "\n## Bars\n\n{bars}");
    }
    if let Some(table) = before::table(results) {
        let _ = write!(text, "\n## Beside the earlier build\n\n{table}");
    }
    for scenario in scenarios {
        if let Some(table) = ScenarioTable::new(results, *scenario) {
            let (name, about) = (scenario.name(), scenario.about());
            let _ = write!(text, "\n## {name}\n\n{about}.\n\n{}", table.for_record());
        }
    }
    if !results.failures.is_empty() {
        text.push_str("\n## Not measured\n\n");
        for failure in &results.failures {
            let _ = writeln!(text, "- {failure}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::CPU;
    use crate::results::Subject;

    fn results() -> Results {
        let mut results = Results::default();
        for (peer, value) in [("mio", 20.0), ("raw", 10.0)] {
            for round in 0..2 {
                let subject = Subject {
                    scenario: "ping_pong",
                    size: 1_000,
                    peer,
                };
                let value = value + round as f64;
                results.add(subject, round, vec![(CPU, value)]);
            }
        }
        results
    }

    #[test]
    fn each_figure_is_a_line_of_the_csv() {
        let text = csv(&results());
        assert_eq!(text.lines().count(), 5, "{text}");
        assert!(
            text.contains("ping_pong,1000,raw,cpu,µs per round trip,1,11\n"),
            "{text}"
        );
        let columns = |line: &str| line.split(',').count();
        assert!(text.lines().all(|line| columns(line) == 7), "{text}");
    }

    #[test]
    fn a_plot_can_be_drawn_again_from_the_csv() {
        let text = csv(&results());
        let figures = plotted_in(&text).unwrap();
        assert_eq!(csv(&figures), text);
        assert!(plotted_in("a line\nof another kind").is_err());
    }

    #[test]
    fn the_record_has_medians_bounds_and_ratios() {
        let text = markdown("cargo xtask bench", crate::scenario::ALL, &[], &results());
        let row = "| 1\u{a0}000 | raw | 10.5 (10.0 to 11.0) | 0.512 |";
        assert!(text.contains(row), "{text}");
        assert!(text.contains("## ping_pong"), "{text}");
        assert!(!text.contains("## pummel"), "{text}");
    }

    #[test]
    fn what_failed_is_in_the_record() {
        let mut results = results();
        results.failures.push("idle 1 mio: no answer".to_owned());
        let text = markdown("cargo xtask bench", &[], &[], &results);
        assert!(text.contains("- idle 1 mio: no answer"), "{text}");
    }
}

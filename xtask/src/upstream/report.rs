//! What came of all tests.

use std::collections::BTreeMap;
use std::process::ExitCode;

use comfy_table::{Cell, CellAlignment, LineStyle, Table, presets};

use super::known::Known;
use super::process::Verdict;

/// What came of one run of a test.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Passed,
    Ignored,
    /// It failed as it is known to, for this reason.
    Known(&'static str),
    Failed(String),
}

impl Outcome {
    /// A test that is known to fail each time has to.
    pub(super) fn of(verdict: Verdict, known: Option<Known>) -> Self {
        match (verdict, known) {
            (Verdict::Failed(output), Some(known)) if output.contains(known.shows) => {
                Self::Known(known.why)
            }
            (Verdict::Failed(output), _) => Self::Failed(output),
            (Verdict::Passed, Some(known)) if known.always => {
                Self::Failed("it passes: known.rs says that it fails".to_owned())
            }
            (Verdict::Passed, _) => Self::Passed,
            (Verdict::Ignored, _) => Self::Ignored,
        }
    }
}

/// The outcomes per file, and those that failed as is known.
#[derive(Debug, Default)]
pub(super) struct Report {
    files: BTreeMap<String, Counts>,
    known: BTreeMap<String, (usize, &'static str)>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    runs: usize,
    passed: usize,
    ignored: usize,
    known: usize,
    failed: usize,
}

impl Report {
    /// Counts an outcome. A failure is printed at once.
    pub(super) fn add(&mut self, file: &str, test: &str, run: usize, outcome: Outcome) {
        let counts = self.files.entry(file.to_owned()).or_default();
        counts.runs = counts.runs.max(run);
        match outcome {
            Outcome::Passed => counts.passed += 1,
            Outcome::Ignored => counts.ignored += 1,
            Outcome::Known(why) => {
                counts.known += 1;
                let known = self.known.entry(format!("{file} {test}"));
                known.or_insert((0, why)).0 += 1;
            }
            Outcome::Failed(output) => {
                counts.failed += 1;
                println!("\nFAILED in run {run}: {file} {test}\n{output}");
            }
        }
    }

    pub(super) fn print(&self) -> ExitCode {
        println!("\n{}", self.table());
        for (test, (times, why)) in &self.known {
            println!("known to fail: {test}, {times} times: {why}");
        }
        if self.total().failed == 0 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }

    fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counts in self.files.values() {
            total.runs = total.runs.max(counts.runs);
            total.passed += counts.passed;
            total.ignored += counts.ignored;
            total.known += counts.known;
            total.failed += counts.failed;
        }
        total
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
        table.set_header(["file", "runs", "ok", "ignored", "known", "failed"]);
        let total = self.total();
        let rows = self
            .files
            .iter()
            .map(|(file, counts)| (file.as_str(), counts));
        for (file, counts) in rows.chain([("total", &total)]) {
            let Counts {
                runs,
                passed,
                ignored,
                known,
                failed,
            } = counts;
            let numbers = [runs, passed, ignored, known, failed];
            let numbers = numbers.map(|it| Cell::new(it).set_alignment(CellAlignment::Right));
            table.add_row([Cell::new(file)].into_iter().chain(numbers));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: Known = Known {
        shows: "not connected",
        why: "the host does not say so",
        always: true,
    };

    #[test]
    fn a_known_failure_is_one_only_if_it_shows_what_is_known() {
        let failed = |output: &str| Verdict::Failed(output.to_owned());
        let outcome = Outcome::of(failed("it is not connected"), Some(KNOWN));
        assert_eq!(outcome, Outcome::Known(KNOWN.why));
        let outcome = Outcome::of(failed("killed"), Some(KNOWN));
        assert_eq!(outcome, Outcome::Failed("killed".to_owned()));
        let outcome = Outcome::of(failed("killed"), None);
        assert_eq!(outcome, Outcome::Failed("killed".to_owned()));
    }

    #[test]
    fn what_is_known_to_fail_each_time_must_not_pass() {
        let outcome = Outcome::of(Verdict::Passed, Some(KNOWN));
        assert!(matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
        let now_and_then = Known {
            always: false,
            ..KNOWN
        };
        assert_eq!(
            Outcome::of(Verdict::Passed, Some(now_and_then)),
            Outcome::Passed
        );
        assert_eq!(Outcome::of(Verdict::Passed, None), Outcome::Passed);
    }

    #[test]
    fn outcomes_are_counted_per_file_over_all_runs() {
        let mut report = Report::default();
        report.add("udp", "sends", 1, Outcome::Passed);
        report.add("udp", "sends", 2, Outcome::Known("why"));
        report.add("tcp", "connects", 2, Outcome::Ignored);
        assert_eq!(report.total().failed, 0);
        report.add("udp", "receives", 2, Outcome::Failed("output".to_owned()));
        let expected = Counts {
            runs: 2,
            passed: 1,
            ignored: 1,
            known: 1,
            failed: 1,
        };
        assert_eq!(report.total(), expected);
        assert_eq!(report.known["udp sends"], (1, "why"));
        assert_eq!(report.files["udp"].runs, 2);
    }
}

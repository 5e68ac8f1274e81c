//! One test in a process of its own.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::Context;
use wait_timeout::ChildExt;

use crate::test::Totals;

/// How much of the output of a test that failed is shown.
const LAST_LINES: usize = 12;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Passed,
    Ignored,
    /// With the last lines of its output.
    Failed(String),
}

/// Runs a test, and kills it after `limit`. Its output and its temporary files are in `scratch`.
pub(super) fn run(
    mut command: Command,
    scratch: &Path,
    limit: Duration,
) -> anyhow::Result<Verdict> {
    let path = scratch.join("output");
    let output = File::create(&path).with_context(|| path.display().to_string())?;
    command
        .env("TMPDIR", scratch)
        .stdin(Stdio::null())
        .stdout(output.try_clone()?)
        .stderr(output);
    let program = command.get_program().display().to_string();
    let mut child = command
        .spawn()
        .with_context(|| format!("start {program}"))?;
    let status = child.wait_timeout(limit)?;
    if status.is_none() {
        child.kill()?;
        child.wait()?;
    }
    let printed = String::from_utf8_lossy(&fs::read(&path)?).into_owned();
    Ok(status.map_or_else(
        || failed(&printed, &format!("killed after {} s", limit.as_secs())),
        |status| verdict(&printed, status.success()),
    ))
}

/// What came of a test that printed `printed` and ended.
fn verdict(printed: &str, succeeded: bool) -> Verdict {
    let mut totals = Totals::default();
    printed.lines().for_each(|line| totals.read(line));
    match (succeeded, totals.passed, totals.skipped) {
        (true, 1, 0) => Verdict::Passed,
        (true, 0, 1) => Verdict::Ignored,
        (true, ..) => failed(printed, "its harness counts no test"),
        (false, ..) => failed(printed, "it failed"),
    }
}

/// The last lines are the host's backtrace, which is left out: the test's message is above it.
fn failed(printed: &str, how: &str) -> Verdict {
    let is_shown = |line: &&str| !line.is_empty() && !line.contains(".wasm!");
    let lines: Vec<_> = printed.lines().filter(is_shown).collect();
    let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
    Verdict::Failed([last, &[how]].concat().join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_test_passed_is_ignored_or_failed() {
        let counts = |counts: &str| format!("\ntest result: ok. {counts}; finished in 0.01s\n");
        let passed = counts("1 passed; 0 failed; 0 ignored; 0 measured; 7 filtered out");
        assert_eq!(verdict(&passed, true), Verdict::Passed);
        let ignored = counts("0 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out");
        assert_eq!(verdict(&ignored, true), Verdict::Ignored);
        let absent = counts("0 passed; 0 failed; 0 ignored; 0 measured; 8 filtered out");
        assert!(matches!(verdict(&absent, true), Verdict::Failed(_)));
        assert!(matches!(verdict(&passed, false), Verdict::Failed(_)));
    }

    #[test]
    fn of_a_failure_the_last_lines_are_kept() {
        let mut printed: String = (0..100)
            .map(|number| format!("line {number}\n\n"))
            .collect();
        printed += "    0: 0xccc94 - udp.wasm!abort\n";
        let Verdict::Failed(shown) = verdict(&printed, false) else {
            panic!("it failed");
        };
        assert!(shown.starts_with("line 88\n"), "{shown}");
        assert!(shown.ends_with("line 99\nit failed"), "{shown}");
    }

    #[cfg(unix)]
    #[test]
    fn a_test_that_hangs_is_killed() {
        let scratch = std::env::temp_dir().join(format!("wasio-upstream-{}", std::process::id()));
        fs::create_dir_all(&scratch).unwrap();
        let mut command = Command::new("sleep");
        command.arg("1000");
        let verdict = run(command, &scratch, Duration::from_millis(10)).unwrap();
        assert!(matches!(verdict, Verdict::Failed(_)), "{verdict:?}");
        fs::remove_dir_all(&scratch).unwrap();
    }
}

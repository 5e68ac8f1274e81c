//! One step: what it is called, what it runs, what came of it.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::test::libtest::Totals;

/// Something to run under a title.
pub(crate) struct Step {
    title: String,
    /// What has to be built first. It is often there, but not if this is the only step.
    build: Option<Command>,
    work: Work,
}

enum Work {
    Check(Command),
    Tests(Command),
    Inside(Box<dyn FnOnce() -> anyhow::Result<Vec<String>>>),
    Skipped(String),
}

/// What came of a step.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) title: String,
    pub(crate) totals: Totals,
    pub(crate) elapsed: Duration,
}

impl Step {
    /// Counts as one: passed when the command succeeds.
    pub(crate) fn check(title: &str, command: Command) -> Self {
        Self::new(title, Work::Check(command))
    }

    /// Counts each test that the command's libtest reports.
    pub(crate) fn tests(title: &str, command: Command) -> Self {
        Self::new(title, Work::Tests(command))
    }

    /// Counts as one: passed when `work` finds nothing.
    pub(crate) fn inside(
        title: &str,
        work: impl FnOnce() -> anyhow::Result<Vec<String>> + 'static,
    ) -> Self {
        Self::new(title, Work::Inside(Box::new(work)))
    }

    /// Counts as one, skipped.
    pub(crate) fn skipped(title: &str, reason: &str) -> Self {
        Self::new(title, Work::Skipped(reason.to_owned()))
    }

    fn new(title: &str, work: Work) -> Self {
        Self {
            title: title.to_owned(),
            build: None,
            work,
        }
    }

    /// The same step, once a command has built what it needs.
    pub(crate) fn after(mut self, build: Command) -> Self {
        self.build = Some(build);
        self
    }

    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    pub(crate) fn run(self) -> Outcome {
        let started = Instant::now();
        let is_built = self.build.is_none_or(|build| check(build).failed == 0);
        let totals = match self.work {
            _ if !is_built => Totals::one_failed(),
            Work::Check(command) => check(command),
            Work::Tests(command) => tests(command),
            Work::Inside(work) => inside(work),
            Work::Skipped(reason) => {
                println!("skipped: {reason}");
                Totals::skipped_step(reason)
            }
        };
        let elapsed = started.elapsed();
        let word = if totals.failed > 0 { "FAILED" } else { "done" };
        println!("    {word} in {:.1} s", elapsed.as_secs_f64());
        Outcome {
            title: self.title,
            totals,
            elapsed,
        }
    }
}

fn check(mut command: Command) -> Totals {
    match command.stdin(Stdio::null()).status() {
        Ok(status) if status.success() => Totals::one_passed(),
        Ok(_) => Totals::one_failed(),
        Err(error) => cannot_start(&command, &error),
    }
}

fn inside(work: impl FnOnce() -> anyhow::Result<Vec<String>>) -> Totals {
    match work() {
        Ok(findings) if findings.is_empty() => Totals::one_passed(),
        Ok(findings) => {
            println!("{}", findings.join("\n"));
            Totals::one_failed()
        }
        Err(error) => {
            println!("{error:#}");
            Totals::one_failed()
        }
    }
}

fn tests(mut command: Command) -> Totals {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return cannot_start(&command, &error),
    };
    let mut totals = Totals::default();
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            let line = String::from_utf8_lossy(&line);
            totals.read(&line);
            if !is_noise(&line) {
                println!("{line}");
            }
        }
    }
    let succeeded = child.wait().is_ok_and(|status| status.success());
    totals.finish(succeeded);
    totals
}

/// What libtest says of tests that passed, and of binaries without tests.
fn is_noise(line: &str) -> bool {
    line.is_empty()
        || (line.starts_with("test ") && (line.ends_with(" ok") || line.contains(" ... ignored")))
        || line.starts_with("test result: ok. 0 passed; 0 failed; 0 ignored")
        || (line.starts_with("running ") && line.trim_end_matches('s').ends_with(" test"))
}

fn cannot_start(command: &Command, error: &std::io::Error) -> Totals {
    println!("cannot start {}: {error}", command.get_program().display());
    Totals::one_failed()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_failures_and_totals_are_shown() {
        assert!(is_noise("test a::b ... ok"));
        assert!(is_noise("test a::b ... ignored, needs threads"));
        assert!(is_noise("running 12 tests"));
        assert!(is_noise("running 1 test"));
        assert!(!is_noise("test a::b ... FAILED"));
        assert!(!is_noise(
            "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured"
        ));
    }

    #[test]
    fn a_program_that_is_not_there_is_a_failure() {
        let step = Step::tests("absent", Command::new("/nonexistent/program"));
        assert_eq!(step.run().totals.failed, 1);
    }

    #[test]
    fn a_step_fails_if_what_it_needs_cannot_be_built() {
        for (build, passed) in [("true", 1), ("false", 0)] {
            let step = Step::inside("needs", || Ok(Vec::new())).after(Command::new(build));
            let totals = step.run().totals;
            assert_eq!((totals.passed, totals.failed), (passed, 1 - passed));
        }
    }

    #[test]
    fn findings_make_a_step_fail_and_none_make_it_pass() {
        let found = Step::inside("found", || Ok(vec!["a finding".to_owned()])).run();
        assert_eq!((found.totals.passed, found.totals.failed), (0, 1));
        let clean = Step::inside("clean", || Ok(Vec::new())).run();
        assert_eq!((clean.totals.passed, clean.totals.failed), (1, 0));
    }
}

//! What the standard test harness prints, read back.

/// Counts of tests (or of whole steps), and why some did not run.
#[derive(Debug, Default)]
pub(crate) struct Totals {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
    /// One sentence for each that was skipped.
    pub(crate) reasons: Vec<String>,
}

impl Totals {
    pub(crate) fn one_passed() -> Self {
        Self {
            passed: 1,
            ..Self::default()
        }
    }

    pub(crate) fn one_failed() -> Self {
        Self {
            failed: 1,
            ..Self::default()
        }
    }

    pub(crate) fn skipped_step(reason: String) -> Self {
        Self {
            skipped: 1,
            reasons: vec![reason],
            ..Self::default()
        }
    }

    pub(crate) fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.reasons.extend_from_slice(&other.reasons);
    }

    /// Takes up one line of output.
    pub(crate) fn read(&mut self, line: &str) {
        if let Some(counts) = line.strip_prefix("test result: ") {
            self.passed += count_before(counts, " passed");
            self.failed += count_before(counts, " failed");
            self.skipped += count_before(counts, " ignored");
        } else if let Some((name, reason)) = ignored_test(line) {
            self.reasons.push(format!("{name}: {reason}"));
        }
    }

    /// A command that fails without a failed test did not build or crashed; one
    /// that ran no test proves nothing. Both count as a failure.
    pub(crate) fn finish(&mut self, succeeded: bool) {
        let nothing_ran = self.passed + self.failed + self.skipped == 0;
        if nothing_ran && succeeded {
            println!("no test ran");
        }
        if self.failed == 0 && (nothing_ran || !succeeded) {
            self.failed = 1;
        }
    }
}

/// The number before `word` in `5 passed; 0 failed; …`.
fn count_before(counts: &str, word: &str) -> usize {
    counts
        .split(';')
        .find_map(|part| part.trim().strip_suffix(word.trim_start()))
        .and_then(|part| part.split_whitespace().next_back()?.parse().ok())
        .unwrap_or(0)
}

/// The name and reason in `test NAME ... ignored, REASON`.
fn ignored_test(line: &str) -> Option<(&str, &str)> {
    let (name, verdict) = line.strip_prefix("test ")?.split_once(" ... ")?;
    let reason = verdict.strip_prefix("ignored")?.trim_start_matches(", ");
    let reason = if reason.is_empty() {
        "no reason given"
    } else {
        reason
    };
    Some((name, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Totals {
        let mut totals = Totals::default();
        for line in lines {
            totals.read(line);
        }
        totals
    }

    #[test]
    fn the_counts_of_several_binaries_are_added() {
        let totals = read(&[
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
        ]);
        assert_eq!((totals.passed, totals.failed, totals.skipped), (15, 2, 1));
    }

    #[test]
    fn the_reason_of_an_ignored_test_is_kept() {
        let totals = read(&[
            "test p1_a ... ignored, needs threads",
            "test p1_b ... ignored",
            "test p1_c ... ok",
        ]);
        assert_eq!(
            totals.reasons,
            ["p1_a: needs threads", "p1_b: no reason given"]
        );
    }

    #[test]
    fn a_command_that_fails_without_a_failed_test_is_one_failure() {
        let mut totals = read(&["test result: ok. 12 passed; 0 failed; 0 ignored"]);
        totals.finish(false);
        assert_eq!((totals.passed, totals.failed), (12, 1));
    }

    #[test]
    fn a_command_that_runs_no_test_is_one_failure() {
        let mut totals = read(&["test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured"]);
        totals.finish(true);
        assert_eq!(totals.failed, 1);
    }

    #[test]
    fn failed_tests_are_not_counted_twice() {
        let mut totals = read(&["test result: FAILED. 1 passed; 2 failed; 0 ignored"]);
        totals.finish(false);
        assert_eq!(totals.failed, 2);
    }
}

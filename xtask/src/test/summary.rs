//! The table at the end of `cargo xtask test`.

use std::process::ExitCode;

use comfy_table::{Cell, CellAlignment, LineStyle, Table, presets};

use crate::test::libtest::Totals;
use crate::test::step::Outcome;

/// Prints the steps, the reasons of what was skipped and, last, the totals.
pub(crate) fn print(outcomes: &[Outcome]) -> ExitCode {
    let mut totals = Totals::default();
    for outcome in outcomes {
        totals.add(&outcome.totals);
    }
    println!("\n{}", table(outcomes));
    if !totals.reasons.is_empty() {
        println!("\nSkipped:");
        for reason in &totals.reasons {
            println!("  {reason}");
        }
    }
    println!("\n{}", last_line(&totals));
    if totals.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn last_line(totals: &Totals) -> String {
    let Totals {
        passed,
        failed,
        skipped,
        ..
    } = totals;
    format!("{passed} passed, {failed} failed, {skipped} skipped")
}

fn table(outcomes: &[Outcome]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    table.set_header(["step", "", "passed", "failed", "skipped", "seconds"]);
    for outcome in outcomes {
        let totals = &outcome.totals;
        let mut row = vec![Cell::new(&outcome.title), Cell::new(verdict(totals))];
        let counts = [totals.passed, totals.failed, totals.skipped];
        row.extend(counts.map(number));
        row.push(number(format!("{:.1}", outcome.elapsed.as_secs_f64())));
        table.add_row(row);
    }
    table
}

fn number(value: impl ToString) -> Cell {
    Cell::new(value).set_alignment(CellAlignment::Right)
}

fn verdict(totals: &Totals) -> &'static str {
    match (totals.failed, totals.passed) {
        (0, 0) => "skipped",
        (0, _) => "ok",
        _ => "FAILED",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_has_the_three_totals() {
        let mut totals = Totals::one_passed();
        totals.add(&Totals::one_failed());
        totals.add(&Totals::skipped_step("no Miri".to_owned()));
        assert_eq!(last_line(&totals), "1 passed, 1 failed, 1 skipped");
        assert_eq!(totals.reasons, ["no Miri"]);
    }

    #[test]
    fn one_failure_is_the_verdict_of_its_step() {
        assert_eq!(verdict(&Totals::one_failed()), "FAILED");
        assert_eq!(verdict(&Totals::one_passed()), "ok");
        assert_eq!(verdict(&Totals::skipped_step(String::new())), "skipped");
    }
}

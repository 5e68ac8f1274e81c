//! Bars in the terminal.

use std::fmt::{self, Display, Formatter};

/// The length of the longest bar, in characters.
const LONGEST: f64 = 40.0;

/// The parts of a character, in eighths.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];

/// A bar per row, each as long as its value is large.
#[derive(Debug)]
pub(super) struct Chart {
    /// What the bars show, and whether long or short is better.
    pub(super) title: String,
    pub(super) rows: Vec<Row>,
    /// The value of the longest bar, if no row has a larger one: small differences look small.
    pub(super) full: f64,
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) value: f64,
    /// The value in words, and what belongs to it.
    pub(super) text: String,
}

impl Display for Chart {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.title)?;
        let names = self.rows.iter().map(|row| row.name.chars().count());
        let width = names.max().unwrap_or(0);
        let most = self
            .rows
            .iter()
            .map(|row| row.value)
            .fold(self.full, f64::max);
        for row in &self.rows {
            let Row { name, value, text } = row;
            writeln!(f, "  {name:width$}  {} {text}", bar(*value, most))?;
        }
        Ok(())
    }
}

/// A value that is not zero has the shortest bar at least.
fn bar(value: f64, most: f64) -> String {
    if most <= 0.0 || value <= 0.0 {
        return String::new();
    }
    let exact = (value / most * LONGEST * 8.0).round().max(1.0);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between one eighth and the longest bar"
    )]
    let eighths = exact as usize;
    format!("{}{}", "█".repeat(eighths / 8), EIGHTHS[eighths % 8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_bar_is_the_largest_value_and_none_is_zero() {
        assert_eq!(bar(3.0, 3.0), "█".repeat(40));
        assert_eq!(bar(1.5, 3.0), "█".repeat(20));
        assert_eq!(bar(0.1, 3.0), "█▍");
        assert_eq!(bar(1e-9, 3.0), "▏");
        assert_eq!(bar(0.0, 3.0), "");
        assert_eq!(bar(0.0, 0.0), "");
    }

    #[test]
    fn names_are_as_wide_as_the_longest() {
        let row = |name: &str, value: f64| Row {
            name: name.to_owned(),
            value,
            text: value.to_string(),
        };
        let chart = Chart {
            title: "a title".to_owned(),
            rows: vec![row("one", 1.0), row("seven", 40.0)],
            full: 20.0,
        };
        let bars = "█".repeat(40);
        let drawn = format!("a title\n  one    █ 1\n  seven  {bars} 40\n");
        assert_eq!(chart.to_string(), drawn);
        let full = Chart {
            full: 80.0,
            ..chart
        };
        let half = "█".repeat(20);
        assert!(
            full.to_string().ends_with(&format!("{half} 40\n")),
            "{full}"
        );
    }
}

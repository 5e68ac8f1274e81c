//! Formats numbers for people.

use std::time::Duration;

use comfy_table::{LineStyle, Table, presets};

/// Returns an empty table whose only inner line is the one below the heading.
#[must_use]
pub fn new_table() -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_HORIZONTAL_ONLY.row_separator(LineStyle::none()));
    table
}

/// Separates thousands: `12 345`.
#[must_use]
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

/// Formats three significant digits: `0.123`, `1.23`, `12.3`, `123`, `1 234`.
#[must_use]
pub fn figure(value: f64) -> String {
    let size = value.abs();
    if size >= 100.0 {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rounded, not negative, and no figure of ours is beyond 2^64"
        )]
        return count(value.round() as u64);
    }
    let decimals = match size {
        _ if size >= 10.0 => 1,
        _ if size >= 1.0 || size == 0.0 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

/// Formats a time with a suitable unit: `17.2 µs`, `3.40 ms`, `2.00 s`.
#[must_use]
pub fn time(value: Duration) -> String {
    let seconds = value.as_secs_f64();
    match seconds {
        _ if seconds >= 1.0 => format!("{} s", figure(seconds)),
        _ if seconds >= 1e-3 => format!("{} ms", figure(seconds * 1e3)),
        _ => format!("{} µs", figure(seconds * 1e6)),
    }
}

/// Formats whole KiB: `67 KiB`.
#[must_use]
pub fn kib(bytes: u64) -> String {
    format!("{} KiB", count(bytes.div_ceil(1024)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_their_thousands_apart() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_000), "1\u{a0}000");
        assert_eq!(count(1_234_567), "1\u{a0}234\u{a0}567");
    }

    #[test]
    fn figures_have_three_digits() {
        assert_eq!(figure(0.0), "0.00");
        assert_eq!(figure(0.1234), "0.123");
        assert_eq!(figure(1.234), "1.23");
        assert_eq!(figure(12.34), "12.3");
        assert_eq!(figure(123.4), "123");
        assert_eq!(figure(1234.6), "1\u{a0}235");
    }

    #[test]
    fn times_have_the_unit_that_fits() {
        assert_eq!(time(Duration::from_nanos(17_200)), "17.2 µs");
        assert_eq!(time(Duration::from_micros(3_400)), "3.40 ms");
        assert_eq!(time(Duration::from_secs(2)), "2.00 s");
    }

    #[test]
    fn sizes_are_rounded_up() {
        assert_eq!(kib(1), "1 KiB");
        assert_eq!(kib(2048), "2 KiB");
    }
}

//! How long a wait may take.

use std::time::Duration;

/// No wait is longer, as some hosts keep milliseconds in 31 bits (24 days): the selector waits
/// again. jco takes a longer one for one of a millisecond.
pub(crate) const LONGEST_WAIT_NS: u64 = 14 * 86_400 * 1_000_000_000;

/// The end of a wait, on the selector's clock. Ordered from the earliest to the latest.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Until {
    /// The wait does not block.
    Now,
    /// The wait ends at this time at the latest, and never earlier without an event.
    At(u64),
    /// The wait has no limit.
    Never,
}

impl Until {
    /// The end of a wait that begins now and takes `timeout`. The clock is read only if it must be.
    pub(crate) fn after(timeout: Option<Duration>, now_ns: impl FnOnce() -> u64) -> Self {
        match timeout {
            None => Self::Never,
            Some(Duration::ZERO) => Self::Now,
            Some(timeout) => Self::At(now_ns().saturating_add(saturating_ns(timeout))),
        }
    }

    /// Whether the wait is over. The clock is read only if it must be.
    pub(crate) fn has_passed(self, now_ns: impl FnOnce() -> u64) -> bool {
        match self {
            Self::Now => true,
            Self::At(at_ns) => at_ns <= now_ns(),
            Self::Never => false,
        }
    }

    /// What is left at `now_ns`, in nanoseconds: `u64::MAX` without a limit.
    pub(crate) const fn left_ns(self, now_ns: u64) -> u64 {
        match self {
            Self::Now => 0,
            Self::At(at_ns) => at_ns.saturating_sub(now_ns),
            Self::Never => u64::MAX,
        }
    }
}

/// The nanoseconds of a duration; those of 584 years for anything longer.
pub(crate) fn saturating_ns(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_end_is_the_smaller() {
        assert_eq!(Until::Never.min(Until::At(7)), Until::At(7));
        assert_eq!(Until::At(9).min(Until::At(7)), Until::At(7));
        assert_eq!(Until::At(0).min(Until::Now), Until::Now);
    }

    #[test]
    fn a_timeout_past_the_end_of_the_clock_saturates() {
        assert_eq!(Until::after(Some(Duration::MAX), || 5), Until::At(u64::MAX));
        assert_eq!(
            Until::after(Some(Duration::ZERO), || unreachable!()),
            Until::Now
        );
        assert_eq!(Until::after(None, || unreachable!()), Until::Never);
    }

    #[test]
    fn a_wait_is_over_at_its_end_and_not_before() {
        assert!(!Until::At(5).has_passed(|| 4));
        assert!(Until::At(5).has_passed(|| 5));
        assert!(Until::Now.has_passed(|| unreachable!()));
        assert!(!Until::Never.has_passed(|| unreachable!()));
    }
}

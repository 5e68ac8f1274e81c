//! How long something that is due may be missing before it counts as lost.

use std::time::{Duration, Instant};

/// What is due counts as late only if both bounds are passed: this many polls have returned without
/// it, and this much time has passed. The process may have been stopped, or the machine busy.
const POLLS: u32 = 20;
const TIME: Duration = Duration::from_secs(2);

#[derive(Debug, Default)]
pub(super) struct Patience {
    since: Option<Instant>,
    polls: u32,
}

impl Patience {
    /// Call this after each poll, with whether the thing was due before it. Returns whether it is lost.
    pub(super) fn is_over(&mut self, is_due: bool) -> bool {
        if !is_due {
            *self = Self::default();
            return false;
        }
        let since = *self.since.get_or_insert_with(Instant::now);
        self.polls += 1;
        self.polls > POLLS && since.elapsed() > TIME
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_time_and_polls_together_end_it() {
        let mut patience = Patience::default();
        assert!((0..100).all(|_| !patience.is_over(true)));
        patience.since = Instant::now().checked_sub(TIME * 2);
        assert!(patience.is_over(true));
        assert!(!patience.is_over(false));
        patience.since = Instant::now().checked_sub(TIME * 2);
        assert!(!patience.is_over(true));
    }
}

//! Which directions are hot: those that moved bytes lately. Time is counted in polls.

use std::ops::RangeInclusive;

/// How long a direction stays hot after it moved bytes, as powers of two of polls. One that is new,
/// or was silent for long, stays hot for the shortest time: a storm of connections that send once
/// must not fill the hot prefix. One that comes back in time stays for twice the polls it took.
const HOT_FOR_LOG2: RangeInclusive<u8> = 4..=9;

/// What is kept for each direction.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Warmth {
    /// The poll in which it last moved bytes.
    last_active: u32,
    /// The number of polls for which it stays hot, as a power of two.
    hot_for_log2: u8,
}

impl Default for Warmth {
    fn default() -> Self {
        Self {
            last_active: 0,
            hot_for_log2: *HOT_FOR_LOG2.start(),
        }
    }
}

/// The clock of the heat.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct Heat {
    /// Counts polls; wraps.
    poll: u32,
}

impl Heat {
    #[inline]
    pub(super) const fn begin_poll(&mut self) -> u32 {
        self.poll = self.poll.wrapping_add(1);
        self.poll
    }

    /// Whether a direction belongs in the hot prefix.
    pub(super) const fn is_hot(&self, warmth: &Warmth) -> bool {
        self.poll.wrapping_sub(warmth.last_active) <= 1 << warmth.hot_for_log2
    }

    /// Notes that a direction is new or registered again: it is hot.
    pub(crate) const fn refresh(&self, warmth: &mut Warmth) {
        warmth.last_active = self.poll;
    }

    /// Notes that a direction moved bytes. Returns whether it was cold before.
    #[inline]
    pub(crate) fn warm(&self, warmth: &mut Warmth) -> bool {
        let polls = self.poll.wrapping_sub(warmth.last_active);
        let was_hot = self.is_hot(warmth);
        // The common case, a short time and bytes in each poll, changes nothing.
        if polls > 8 || (polls > 0 && warmth.hot_for_log2 > *HOT_FOR_LOG2.start()) {
            warmth.hot_for_log2 = hot_for_log2(warmth.hot_for_log2, polls);
        }
        warmth.last_active = self.poll;
        !was_hot
    }
}

/// How long a direction stays hot that moved bytes `polls` polls after the last time.
fn hot_for_log2(old: u8, polls: u32) -> u8 {
    if polls > 1 << *HOT_FOR_LOG2.end() {
        return *HOT_FOR_LOG2.start();
    }
    // Twice the polls, rounded up; a long time shrinks slowly.
    let needed = u32::BITS - polls.leading_zeros() + 1;
    let needed = u8::try_from(needed).unwrap_or(u8::MAX);
    let kept = needed.max(old.saturating_sub(1));
    kept.clamp(*HOT_FOR_LOG2.start(), *HOT_FOR_LOG2.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The polls for which a direction stays hot that is active each `every` polls.
    fn hot_polls(every: u32) -> u32 {
        let (mut heat, mut warmth) = (Heat::default(), Warmth::default());
        for _ in 0..20 {
            for _ in 0..every {
                heat.begin_poll();
            }
            heat.warm(&mut warmth);
        }
        let mut polls = 0;
        while heat.is_hot(&warmth) {
            heat.begin_poll();
            polls += 1;
        }
        polls
    }

    #[test]
    fn a_direction_stays_hot_for_at_least_twice_its_gap() {
        for every in [1, 5, 9, 40, 200] {
            let polls = hot_polls(every);
            assert!(polls > 2 * every, "{every}: {polls}");
            assert!(polls <= 4 * every + 16, "{every}: {polls}");
        }
        assert_eq!(hot_polls(600), 17, "silent for long: the shortest time");
    }
}

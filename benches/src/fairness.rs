//! Which of several busy connections waits.

use std::time::{Duration, Instant};

/// The round trips of each connection.
#[derive(Debug)]
pub struct PerConnection(Vec<Connection>);

#[derive(Clone, Copy, Debug)]
struct Connection {
    round_trips: u32,
    last: Instant,
    longest_gap: Duration,
}

/// How evenly a server serves connections that are all busy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fairness {
    /// The round trips of the slowest connection, as a part of an equal share.
    pub slowest_share: f64,
    /// The round trips of the connection in the middle, as a part of an equal share.
    pub median_share: f64,
    /// The longest time that one connection went without a round trip.
    pub longest_gap: Duration,
}

impl PerConnection {
    /// Starts to count for `connections` at `now`.
    #[must_use]
    pub fn new(connections: usize, now: Instant) -> Self {
        let one = Connection {
            round_trips: 0,
            last: now,
            longest_gap: Duration::ZERO,
        };
        Self(vec![one; connections])
    }

    /// Forgets what was counted.
    pub fn restart(&mut self, now: Instant) {
        *self = Self::new(self.0.len(), now);
    }

    /// Counts a round trip of connection `index`.
    pub fn count(&mut self, index: usize, now: Instant) {
        let one = &mut self.0[index];
        one.round_trips += 1;
        one.longest_gap = one.gap_until(now);
        one.last = now;
    }

    /// What was counted until `now`. Connections without any round trip count too.
    #[must_use]
    pub fn fairness(&self, now: Instant) -> Fairness {
        let mut counts: Vec<u32> = self.0.iter().map(|one| one.round_trips).collect();
        counts.sort_unstable();
        let total: f64 = counts.iter().copied().map(f64::from).sum();
        let equal = total / counts.len() as f64;
        let share = |index: usize| match counts.get(index) {
            Some(count) if equal > 0.0 => f64::from(*count) / equal,
            _ => 0.0,
        };
        let gaps = self.0.iter().map(|one| one.gap_until(now));
        Fairness {
            slowest_share: share(0),
            median_share: share(counts.len() / 2),
            longest_gap: gaps.max().unwrap_or_default(),
        }
    }
}

impl Connection {
    fn gap_until(&self, now: Instant) -> Duration {
        self.longest_gap
            .max(now.saturating_duration_since(self.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn shares_and_gaps_are_those_of_the_connections() {
        let start = Instant::now();
        let mut connections = PerConnection::new(3, start);
        connections.count(2, start + MS);
        connections.restart(start + 10 * MS);
        // The first has two round trips, the second four, the third none.
        for (index, ms) in [(0, 12), (0, 17), (1, 11), (1, 12), (1, 13), (1, 14)] {
            connections.count(index, start + ms * MS);
        }
        let fairness = connections.fairness(start + 18 * MS);
        assert_eq!(fairness.slowest_share, 0.0);
        assert_eq!(fairness.median_share, 1.0);
        assert_eq!(fairness.longest_gap, 8 * MS);
        // The gap may be at the end, or in between.
        connections.count(2, start + 18 * MS);
        assert_eq!(connections.fairness(start + 19 * MS).longest_gap, 8 * MS);
        assert_eq!(connections.fairness(start + 30 * MS).longest_gap, 16 * MS);
    }

    #[test]
    fn nothing_is_no_share() {
        let fairness = PerConnection::new(2, Instant::now()).fairness(Instant::now());
        assert_eq!((fairness.slowest_share, fairness.median_share), (0.0, 0.0));
    }
}

//! One moment by two clocks, of which processes share only the second.

use std::time::{Duration, Instant, SystemTime};

/// How often the pair is read: a thread may lose its core between the two clocks.
const TRIES: usize = 16;

/// This moment by both clocks, as closely as they can be read together.
#[must_use]
pub fn now() -> (Instant, SystemTime) {
    let mut best = read();
    for _ in 1..TRIES {
        best = best.min(read());
    }
    let (_, instant, system) = best;
    (instant, system)
}

/// Both clocks, and first how long it took to read them.
fn read() -> (Duration, Instant, SystemTime) {
    let instant = Instant::now();
    let system = SystemTime::now();
    (instant.elapsed(), instant, system)
}

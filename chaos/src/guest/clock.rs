//! The time since the start of the run, which both guests and `chaos` share.

use std::io;
use std::time::{Duration, Instant, UNIX_EPOCH};

use super::Arguments;
use crate::moment;

#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    /// The start is an argument, in milliseconds since 1970.
    pub(super) fn new(arguments: &Arguments) -> io::Result<Self> {
        let start = UNIX_EPOCH + Duration::from_millis(arguments.number("start_ms")?);
        let (here, now) = moment::now();
        let start = match start.duration_since(now) {
            Ok(ahead) => here + ahead,
            Err(passed) => here.checked_sub(passed.duration()).unwrap_or(here),
        };
        Ok(Self { start })
    }

    /// The time of the run. Zero before its start.
    pub(super) fn at(&self) -> Duration {
        self.start.elapsed()
    }
}

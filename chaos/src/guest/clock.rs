//! The time since the start of the run, which both guests and `chaos` share.

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, UNIX_EPOCH};

use super::violation;
use crate::moment;

/// A clock that stands at zero until the run starts. Its clones start with it.
#[derive(Clone, Debug, Default)]
pub(super) struct Clock {
    start: Arc<OnceLock<Instant>>,
}

/// The first line of the standard input: when the run starts, in nanoseconds since 1970. It comes
/// once both hosts are up, however long that takes.
#[derive(Debug)]
pub(super) struct StartLine {
    clock: Clock,
    line: Vec<u8>,
}

impl Clock {
    fn start(&self, since_1970: Duration) {
        let start = UNIX_EPOCH + since_1970;
        let (here, now) = moment::now();
        let start = match start.duration_since(now) {
            Ok(ahead) => here + ahead,
            Err(passed) => here.checked_sub(passed.duration()).unwrap_or(here),
        };
        // There is one line, so that this is the only call.
        let _ = self.start.set(start);
    }

    /// Whether it is known when the run starts.
    fn is_set(&self) -> bool {
        self.start.get().is_some()
    }

    /// The time of the run. Zero before its start.
    pub(super) fn at(&self) -> Duration {
        self.start.get().map_or(Duration::ZERO, Instant::elapsed)
    }
}

impl StartLine {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            line: Vec::new(),
        }
    }

    /// Takes the line from the input, in as many parts as it comes. Returns what follows it.
    pub(super) fn take<'a>(&mut self, input: &'a [u8]) -> &'a [u8] {
        if self.clock.is_set() {
            return input;
        }
        let end = input.iter().position(|byte| *byte == b'\n');
        let (line, rest) = input.split_at(end.unwrap_or(input.len()));
        self.line.extend_from_slice(line);
        if end.is_some() {
            let text = String::from_utf8_lossy(&self.line);
            match text.parse() {
                Ok(ns) => self.clock.start(Duration::from_nanos(ns)),
                Err(_) => violation(&format!("{text:?} is no time to start the run at")),
            }
        }
        rest.get(1..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_comes_in_parts_and_the_rest_is_input() {
        let clock = Clock::default();
        let mut line = StartLine::new(clock.clone());
        assert_eq!(line.take(b"10000"), b"");
        assert!(!clock.is_set() && clock.at().is_zero());
        assert_eq!(line.take(b"00000\ninput"), b"input");
        assert!(clock.is_set());
        // Ten seconds after 1970 are long ago.
        assert!(clock.at() > Duration::from_secs(1));
        assert_eq!(line.take(b"more\n"), b"more\n");
    }
}

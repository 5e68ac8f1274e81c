//! Name look-ups of the client, every second one of which fails.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use wasio::net::{Lookup, lookup};
use wasio::{Interest, Registry};

use super::{Clock, lacks, token, violation};

const PAUSE: Duration = Duration::from_secs(1);

/// The resolver of the system may ask several servers in vain.
const MOST_SILENCE: Duration = Duration::from_secs(60);

const GOOD: &str = "localhost";
const BAD: &str = "no-such-name.invalid";

#[derive(Debug)]
pub(super) struct Lookups {
    current: Option<Lookup>,
    clock: Clock,
    since: Instant,
    has_address: bool,
    good: u64,
    failed: u64,
}

impl Lookups {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            current: None,
            clock,
            since: Instant::now(),
            has_address: false,
            good: 0,
            failed: 0,
        }
    }

    fn is_good(&self) -> bool {
        (self.good + self.failed).is_multiple_of(2)
    }

    /// Starts the next one when it is time.
    pub(super) fn tick(&mut self, registry: &Registry) {
        if self.current.is_some() || self.since.elapsed() < PAUSE {
            return;
        }
        self.since = Instant::now();
        self.has_address = false;
        let name = if self.is_good() { GOOD } else { BAD };
        let started = lookup(name).and_then(|mut lookup| {
            registry.register(&mut lookup, token::LOOKUP, Interest::READABLE)?;
            Ok(lookup)
        });
        match started {
            Ok(lookup) => self.current = Some(lookup),
            Err(error) => self.report(&format!("a look-up of {name} does not start: {error}")),
        }
    }

    /// Takes the answer.
    pub(super) fn handle(&mut self) {
        while let Some(lookup) = &self.current {
            match lookup.next_address() {
                Ok(Some(address)) if self.is_good() && address.is_loopback() => {
                    self.has_address = true;
                }
                Ok(Some(address)) => violation(&format!("a look-up found {address}")),
                Ok(None) => self.end(self.has_address, "no address"),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => self.end(false, &describe(&error)),
            }
        }
    }

    /// Reports what fails without descriptors, which it may have needed at any time since its start.
    fn report(&self, text: &str) {
        let from = self.clock.at().saturating_sub(self.since.elapsed());
        lacks(from, self.clock, text);
    }

    fn end(&mut self, found: bool, how: &str) {
        if self.is_good() && !found {
            self.report(&format!("a look-up of {GOOD} failed: {how}"));
        }
        // It counts by what was asked: the next one is of the other kind.
        if self.is_good() {
            self.good += 1;
        } else {
            self.failed += 1;
        }
        self.current = None;
        self.since = Instant::now();
    }

    pub(super) fn check(&self) {
        let silence = self.since.elapsed();
        if self.current.is_some() && silence > MOST_SILENCE {
            violation(&format!("a look-up has no answer after {silence:?}"));
        }
    }

    pub(super) fn counts(&self) -> [(&'static str, u64); 2] {
        [("lookups", self.good), ("lookups_failed", self.failed)]
    }
}

fn describe(error: &io::Error) -> String {
    format!("{error} ({:?})", error.kind())
}

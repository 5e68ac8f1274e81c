//! Name look-ups of the client, every second one of which fails.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use wasio::net::{Lookup, lookup};
use wasio::{Interest, Registry};

use super::{token, violation};

const PAUSE: Duration = Duration::from_secs(1);

/// The resolver of the system may ask several servers in vain.
const MOST_SILENCE: Duration = Duration::from_secs(60);

const GOOD: &str = "localhost";
const BAD: &str = "no-such-name.invalid";

#[derive(Debug)]
pub(super) struct Lookups {
    current: Option<Lookup>,
    since: Instant,
    has_address: bool,
    good: u64,
    failed: u64,
}

impl Lookups {
    pub(super) fn new() -> Self {
        Self {
            current: None,
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
            Err(error) => violation(&format!("a look-up of {name} does not start: {error}")),
        }
    }

    /// Takes the answer. `may_fail` is whether the host has a fault.
    pub(super) fn handle(&mut self, may_fail: bool) {
        while let Some(lookup) = &self.current {
            match lookup.next_address() {
                Ok(Some(address)) if self.is_good() && address.is_loopback() => {
                    self.has_address = true;
                }
                Ok(Some(address)) => violation(&format!("a look-up found {address}")),
                Ok(None) => self.end(self.has_address, may_fail, "no address"),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => self.end(false, may_fail, &describe(&error)),
            }
        }
    }

    fn end(&mut self, found: bool, may_fail: bool, how: &str) {
        if self.is_good() && !found && !may_fail {
            violation(&format!("a look-up of {GOOD} failed: {how}"));
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

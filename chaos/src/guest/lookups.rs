//! Name look-ups of the client, every second one of which fails.

use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use wasio::net::{Lookup, lookup};
use wasio::{Interest, Registry};

use super::{Arguments, Clock, lacks, token, violation};
use crate::names::{BAD, GOOD};

const PAUSE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Lookups {
    current: Option<Lookup>,
    clock: Clock,
    /// How long one may take, if that is known.
    limit: Option<Duration>,
    /// Whether the system itself finds what is expected of the good name and of the bad one.
    is_as_expected: [bool; 2],
    since: Instant,
    has_address: bool,
    good: u64,
    failed: u64,
}

impl Lookups {
    pub(super) fn new(arguments: &Arguments, clock: Clock) -> io::Result<Self> {
        let limit = arguments.optional_number("lookup_ms")?;
        Ok(Self {
            current: None,
            clock,
            limit: limit.map(Duration::from_millis),
            is_as_expected: ["good", "bad"].map(|name| arguments.text(name) == Some("true")),
            since: Instant::now(),
            has_address: false,
            good: 0,
            failed: 0,
        })
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
                Ok(Some(address)) if self.may_find(address) => self.has_address = true,
                Ok(Some(address)) => violation(&format!("a look-up found {address}")),
                Ok(None) => self.end(self.has_address, "no address"),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => self.end(false, &describe(&error)),
            }
        }
    }

    /// Where the system itself finds something else, any answer is right.
    fn may_find(&self, address: IpAddr) -> bool {
        let [good, bad] = self.is_as_expected;
        if self.is_good() {
            address.is_loopback() || !good
        } else {
            !bad
        }
    }

    /// Reports what fails without descriptors, which it may have needed at any time since its start.
    fn report(&self, text: &str) {
        let from = self.clock.at().saturating_sub(self.since.elapsed());
        lacks(from, &self.clock, text);
    }

    fn end(&mut self, found: bool, how: &str) {
        if self.is_good() && !found && self.is_as_expected[0] {
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
        if self.current.is_some() && self.limit.is_some_and(|limit| silence > limit) {
            violation(&format!("a look-up has no answer after {silence:?}"));
        }
    }

    pub(super) fn counts(&self) -> [(&'static str, u64); 3] {
        [
            ("lookups", self.good),
            ("lookups_failed", self.failed),
            ("looking", self.current.is_some().into()),
        ]
    }
}

fn describe(error: &io::Error) -> String {
    format!("{error} ({:?})", error.kind())
}

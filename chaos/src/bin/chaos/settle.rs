//! The end of a run: all that the hosts kept for connections and look-ups is to be gone.

use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use crate::backend::{Backend, Built};
use crate::host::{Host, Stats};
use crate::shared::Shared;
use crate::watch;

/// How long it may take until a host has nothing left. What a dropped stream has not sent is kept for
/// five seconds.
const SETTLE_LIMIT: Duration = Duration::from_secs(15);

/// How long the host's own counts may take: it writes them five times per second, if it has a core.
const STATS_LIMIT: Duration = Duration::from_secs(30);

/// By how much the memory may grow after the first quiet time: buffers of the busiest moment, and for
/// a program without a host what its allocator keeps.
const MOST_GROWTH: u64 = 8 << 20;

/// What a client may have that it did not have before its first connection: what the resolver of the
/// system and the host keep from the first look-up on.
const SPARE: u64 = 4;

/// What a host keeps.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) descriptors: u64,
    pub(crate) resources: u64,
    pub(crate) memory: u64,
}

/// What a host keeps now. It counts the resources when it is asked, in the next host call.
pub(crate) fn kept(built: &Built, host: &Host) -> Kept {
    let start = Instant::now();
    let mut stats = Stats::default();
    let (mut last, mut writes) = (host.stats_written(), 0);
    while built.has_stats() && start.elapsed() < STATS_LIMIT {
        thread::sleep(Duration::from_millis(20));
        let written = host.stats_written();
        writes += u32::from(written != last);
        last = written;
        stats = host.stats();
        // The second count from now on is of after this moment.
        let is_counted = stats.resources > 0 || !built.backend.has_resources();
        if writes >= 2 && stats.memory > 0 && is_counted {
            break;
        }
    }
    Kept {
        descriptors: host.process.descriptors().len() as u64,
        resources: stats.resources,
        memory: watch::memory(host),
    }
}

/// One host at the end of a run.
pub(crate) struct Settling<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) built: &'a Built,
    pub(crate) host: &'a mut Host,
    /// What it had before the first connection.
    pub(crate) before: Kept,
    /// Its memory in the first quiet time, if there was one.
    pub(crate) early: Option<u64>,
}

impl Settling<'_> {
    /// Judges the server. Returns what it keeps in the end.
    pub(crate) fn server(mut self) -> Kept {
        let after = self.wait(self.before, SETTLE_LIMIT, &["connections", "open"]);
        let written = self.shared.counts.input.load(Ordering::SeqCst);
        let read = self.host.count("input");
        if read != written {
            self.shared.violation(&format!(
                "the server has read {read} bytes of its standard input, and {written} were written"
            ));
        }
        self.judge_growth(after);
        after
    }

    /// Judges the client, whose last look-up may take as long as given. If that is not known, it is
    /// not waited for.
    pub(crate) fn client(mut self, lookup: Option<Duration>) -> Kept {
        let mut most = self.before;
        most.resources += SPARE;
        most.descriptors += SPARE;
        // Where the host sends what a closed stream has not sent, it keeps the descriptor for as long
        // as the peer keeps the connection. The proxy does until the client has ended.
        if self.built.backend == Backend::P2 {
            most.descriptors = u64::MAX;
        }
        let (limit, counts): (_, &[_]) = match lookup {
            Some(lookup) => (SETTLE_LIMIT + lookup, &["connections", "looking"]),
            None => (SETTLE_LIMIT, &["connections"]),
        };
        let after = self.wait(most, limit, counts);
        // The memory of another's host is not that of the guest alone.
        if self.built.has_stats() || self.built.backend == Backend::Native {
            self.judge_growth(after);
        }
        after
    }

    /// Waits until the host has no more than `most`, and these counts of its guest are zero.
    fn wait(&mut self, most: Kept, limit: Duration, counts: &[&str]) -> Kept {
        let start = Instant::now();
        let name = self.host.name;
        loop {
            let now = kept(self.built, self.host);
            let is_gone = counts.iter().all(|count| self.host.count(count) == 0)
                && now.descriptors <= most.descriptors
                && now.resources <= most.resources;
            if is_gone {
                return now;
            }
            if let Some(status) = self.host.ended() {
                let lines = self.host.last_lines();
                self.shared
                    .violation(&format!("the {name} has ended with {status}: {lines}"));
                return now;
            }
            if start.elapsed() > limit {
                self.shared.violation(&self.describe(now, counts));
                return now;
            }
            thread::sleep(Duration::from_millis(100));
        }
    }

    fn describe(&self, after: Kept, counts: &[&str]) -> String {
        let (name, before) = (self.host.name, self.before);
        let counts: Vec<_> = counts
            .iter()
            .map(|count| format!("{count}={}", self.host.count(count)))
            .collect();
        format!(
            "afterwards the {name} has {}, {} descriptors ({} before), {} resources ({} before)",
            counts.join(", "),
            after.descriptors,
            before.descriptors,
            after.resources,
            before.resources
        )
    }

    fn judge_growth(&self, after: Kept) {
        let early = self.early.unwrap_or(after.memory);
        if after.memory > early + MOST_GROWTH {
            let (name, early, late) = (self.host.name, early >> 10, after.memory >> 10);
            self.shared.violation(&format!(
                "the {name}'s memory grew from {early} to {late} KiB"
            ));
        }
    }
}

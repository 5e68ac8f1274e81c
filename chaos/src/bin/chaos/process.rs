//! What Linux says of a process, and what it does to it.

use std::collections::HashMap;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, Resource, Rlimit, Signal, kill_process, prlimit};

/// The fields of `schedstat`: for how long a thread ran, and for how long it was ready to and had no core.
const RAN: usize = 0;
const WAITED: usize = 1;

#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(Pid);

/// How long each thread of a process has waited for a core.
#[derive(Debug)]
pub(crate) struct Waits(HashMap<OsString, Duration>);

impl Waits {
    /// How long the thread waited that waited longest since `before`.
    pub(crate) fn since(&self, before: &Self) -> Duration {
        let waited = |(thread, time): (&OsString, &Duration)| {
            let then = before.0.get(thread).copied().unwrap_or_default();
            time.saturating_sub(then)
        };
        self.0.iter().map(waited).max().unwrap_or_default()
    }
}

impl Process {
    pub(crate) fn new(id: u32) -> Option<Self> {
        Pid::from_raw(i32::try_from(id).ok()?).map(Self)
    }

    fn path(self, name: &str) -> String {
        format!("/proc/{}/{name}", self.0.as_raw_pid())
    }

    /// The CPU time of its threads.
    pub(crate) fn cpu(self) -> Duration {
        self.of_threads(RAN).map(|(_, time)| time).sum()
    }

    /// How long each of its threads was ready to run and had no core.
    pub(crate) fn waits(self) -> Waits {
        Waits(self.of_threads(WAITED).collect())
    }

    /// One of the times that Linux counts for each thread.
    fn of_threads(self, field: usize) -> impl Iterator<Item = (OsString, Duration)> {
        let threads = fs::read_dir(self.path("task"))
            .into_iter()
            .flatten()
            .flatten();
        threads.filter_map(move |thread| {
            Some((thread.file_name(), time_of_thread(&thread.path(), field)?))
        })
    }

    /// The bytes of memory that it uses.
    pub(crate) fn resident_bytes(self) -> u64 {
        let pages = fs::read_to_string(self.path("statm")).ok();
        let pages = pages.and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
        pages.unwrap_or(0) * rustix::param::page_size() as u64
    }

    /// Its open descriptors, in order.
    pub(crate) fn descriptors(self) -> Vec<u64> {
        let entries = fs::read_dir(self.path("fd"))
            .into_iter()
            .flatten()
            .flatten();
        let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
        let mut numbers: Vec<_> = entries.filter_map(number).collect();
        numbers.sort_unstable();
        numbers
    }

    pub(crate) fn stop(self) -> io::Result<()> {
        Ok(kill_process(self.0, Signal::STOP)?)
    }

    pub(crate) fn resume(self) -> io::Result<()> {
        Ok(kill_process(self.0, Signal::CONT)?)
    }

    /// Lets it open `spare` descriptors more than it has. Returns its limit until now.
    pub(crate) fn limit_descriptors(self, spare: u64) -> io::Result<Rlimit> {
        let limit = limit_for(&self.descriptors(), spare);
        let old = rustix::process::getrlimit(Resource::Nofile);
        // The limit that it may raise its own to stays: only root may raise that again.
        let new = Rlimit {
            current: Some(limit),
            maximum: old.maximum,
        };
        Ok(prlimit(Some(self.0), Resource::Nofile, new)?)
    }

    pub(crate) fn set_limit(self, limit: Rlimit) -> io::Result<()> {
        prlimit(Some(self.0), Resource::Nofile, limit)?;
        Ok(())
    }
}

/// How long the calling thread was ready to run and had no core.
pub(crate) fn this_thread_waited() -> Duration {
    time_of_thread(Path::new("/proc/thread-self"), WAITED).unwrap_or_default()
}

fn time_of_thread(folder: &Path, field: usize) -> Option<Duration> {
    let text = fs::read_to_string(folder.join("schedstat")).ok()?;
    let ns = text.split_whitespace().nth(field)?.parse().ok()?;
    Some(Duration::from_nanos(ns))
}

/// The limit below which exactly `spare` numbers are free. A new descriptor gets the lowest free one.
fn limit_for(open: &[u64], spare: u64) -> u64 {
    let mut limit = 0;
    let mut free = 0;
    for number in open {
        let gap = number - limit;
        if free + gap > spare {
            break;
        }
        free += gap;
        limit = number + 1;
    }
    limit + (spare - free)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_leaves_as_many_free_as_asked() {
        assert_eq!(limit_for(&[0, 1, 2], 0), 3);
        assert_eq!(limit_for(&[0, 1, 2], 4), 7);
        assert_eq!(limit_for(&[0, 1, 5, 6], 2), 4);
        assert_eq!(limit_for(&[0, 1, 5, 6], 3), 7);
        assert_eq!(limit_for(&[0, 1, 5, 6], 4), 8);
    }

    #[test]
    fn the_thread_that_waited_longest_since_then_counts() {
        let waits = |all: [(&str, u64); 2]| {
            Waits(
                all.map(|(name, ms)| (name.into(), Duration::from_millis(ms)))
                    .into(),
            )
        };
        let before = waits([("1", 9_000), ("2", 10)]);
        let after = waits([("1", 9_005), ("2", 700)]);
        assert_eq!(after.since(&before), Duration::from_millis(690));
        let other = waits([("1", 9_000), ("3", 40)]);
        assert_eq!(other.since(&before), Duration::from_millis(40));
    }

    #[test]
    fn this_process_has_descriptors_memory_and_time() {
        let this = Process::new(std::process::id()).expect("a process");
        assert!(this.descriptors().len() >= 3);
        assert!(this.resident_bytes() > 100_000);
        assert!(this.cpu() > Duration::ZERO);
    }
}

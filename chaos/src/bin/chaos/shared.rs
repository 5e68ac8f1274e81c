//! What the threads of a run share.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use wasio_chaos::plan::{self, Fault, Planned};

use crate::broken::Broken;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) seed: u64,
    pub(crate) length: Duration,
    start: OnceLock<Instant>,
    pub(crate) counts: Counts,
    pub(crate) broken: Mutex<Broken>,
    /// Whether the proxy forwards nothing.
    pub(crate) stalls: AtomicBool,
    /// Whether the proxy resets new connections.
    pub(crate) refuses: AtomicBool,
    has_ended: AtomicBool,
    violations: Mutex<Vec<String>>,
    failed_at: Mutex<Option<Duration>>,
    performed: Mutex<Vec<Performed>>,
}

/// Counts of what `chaos` itself does.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) bytes: AtomicU64,
    pub(crate) connections: AtomicU64,
    pub(crate) cuts: AtomicU64,
    pub(crate) datagrams: AtomicU64,
    pub(crate) datagram_faults: AtomicU64,
    pub(crate) input: AtomicU64,
    pub(crate) input_ended: AtomicBool,
    /// Faults that did not begin, as this program came to them too late.
    pub(crate) late_faults: AtomicU64,
}

/// A fault that was performed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Performed {
    pub(crate) fault: Fault,
    pub(crate) begin: Instant,
    pub(crate) end: Option<Instant>,
}

/// What was going on shortly before something went wrong.
const SHOWN: usize = 6;

/// Violations so soon after the first one are shown too.
const SAME_CAUSE: Duration = Duration::from_millis(100);

impl Shared {
    pub(crate) fn new(seed: u64, length: Duration) -> Self {
        Self {
            seed,
            length,
            start: OnceLock::new(),
            counts: Counts::default(),
            broken: Mutex::default(),
            stalls: AtomicBool::new(false),
            refuses: AtomicBool::new(false),
            has_ended: AtomicBool::new(false),
            violations: Mutex::default(),
            failed_at: Mutex::default(),
            performed: Mutex::default(),
        }
    }

    /// Sets the start of the run, once.
    pub(crate) fn start_at(&self, start: Instant) {
        // A second call would be of another run.
        let _ = self.start.set(start);
    }

    /// The start of the run: now, if it has none yet.
    pub(crate) fn start(&self) -> Instant {
        self.start.get().copied().unwrap_or_else(Instant::now)
    }

    /// The time of the run. Zero before its start.
    pub(crate) fn at(&self) -> Duration {
        self.start().elapsed()
    }

    pub(crate) fn is_quiet(&self) -> bool {
        plan::is_quiet(self.at())
    }

    /// Whether the run is over, or something went wrong.
    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended.load(Ordering::SeqCst)
    }

    pub(crate) fn end(&self) {
        self.has_ended.store(true, Ordering::SeqCst);
    }

    /// Records that something that must hold does not, which ends the run. What comes later is what
    /// that end has caused.
    pub(crate) fn violation(&self, text: &str) {
        let at = self.at();
        let mut violations = lock(&self.violations);
        let first = *lock(&self.failed_at).get_or_insert(at);
        if at <= first + SAME_CAUSE {
            violations.push(format!("at {:.2} s: {text}", at.as_secs_f64()));
        }
        self.end();
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        lock(&self.violations).clone()
    }

    pub(crate) fn begin(&self, planned: &Planned) {
        let performed = Performed {
            fault: planned.fault,
            begin: Instant::now(),
            end: None,
        };
        lock(&self.performed).push(performed);
    }

    pub(crate) fn finish(&self, planned: &Planned) {
        let mut performed = lock(&self.performed);
        let open = performed
            .iter_mut()
            .find(|one| one.end.is_none() && one.fault == planned.fault);
        if let Some(open) = open {
            open.end = Some(Instant::now());
        }
    }

    /// How many faults were performed so far.
    pub(crate) fn performed_count(&self) -> usize {
        lock(&self.performed).len()
    }

    pub(crate) fn performed(&self) -> Vec<Performed> {
        lock(&self.performed).clone()
    }

    /// Whether there was such a fault since then.
    pub(crate) fn has_had(&self, since: Instant, is_such: impl Fn(Fault) -> bool) -> bool {
        self.had_between([since, Instant::now()], is_such)
    }

    /// Whether there was such a fault at any time between these two.
    pub(crate) fn had_between(
        &self,
        [from, to]: [Instant; 2],
        is_such: impl Fn(Fault) -> bool,
    ) -> bool {
        let overlaps = |one: &Performed| one.begin <= to && one.end.is_none_or(|end| end >= from);
        let performed = lock(&self.performed);
        performed
            .iter()
            .any(|one| overlaps(one) && is_such(one.fault))
    }

    /// The last faults, for those who search for a cause.
    pub(crate) fn last_faults(&self) -> Vec<String> {
        let performed = lock(&self.performed);
        let text = |one: &Performed| {
            let at = one
                .begin
                .saturating_duration_since(self.start())
                .as_secs_f64();
            let lasts = one.end.map_or("still on".to_owned(), |end| {
                format!("{:.2} s", (end - one.begin).as_secs_f64())
            });
            format!("at {at:.2} s, {lasts}: {:?}", one.fault)
        };
        performed.iter().rev().take(SHOWN).rev().map(text).collect()
    }

    /// Sleeps, but not beyond the end of the run.
    pub(crate) fn sleep(&self, time: Duration) {
        self.sleep_to(Instant::now() + time);
    }

    /// Sleeps until that time of the run, which may not have started, but not beyond its end.
    pub(crate) fn sleep_until(&self, at: Duration) {
        self.sleep_to(self.start() + at);
    }

    fn sleep_to(&self, end: Instant) {
        const PART: Duration = Duration::from_millis(50);
        while !self.has_ended() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(PART));
        }
    }
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

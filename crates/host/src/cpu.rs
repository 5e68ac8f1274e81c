//! CPU time of threads, and what would spoil it.

use std::sync::Mutex;
use std::time::Duration;

use crate::raw::{self, ThreadClock};

/// Stops libraries from capturing a backtrace with each error they build.
///
/// `wasi-common` builds an error for every would-block; with `RUST_BACKTRACE=1`
/// in the environment each costs 12 to 17 µs, which makes a host up to 20 times
/// slower. Panics still show their backtrace. Call it first thing in `main`,
/// before any other thread exists.
pub fn quiet_backtraces() {
    if std::env::var_os("RUST_LIB_BACKTRACE").is_none_or(|value| value != "0") {
        raw::set_lib_backtrace_off();
    }
}

/// Lets this process have as many descriptors as the system allows it: each
/// connection of a test costs two where the guest runs in the same process.
/// Where that cannot be had, the limit stays as it is.
pub fn raise_descriptor_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // Fails on macOS, whose maximum is more than it allows.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// CPU time used by the calling thread.
///
/// # Platform behaviour
/// Zero where the system has no such clock (Windows).
#[must_use]
pub fn thread_cpu_time() -> Duration {
    #[cfg(unix)]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::try_from(time).unwrap_or_default()
    }
    #[cfg(not(unix))]
    Duration::ZERO
}

/// Adds up the CPU time of the threads of one guest.
#[derive(Debug, Default)]
pub(crate) struct CpuMeter(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    ended: Duration,
    running: Vec<(u64, ThreadClock)>,
    next_id: u64,
}

/// Counts the calling thread in until it is dropped on the same thread.
#[derive(Debug)]
pub(crate) struct CpuGuard<'a> {
    meter: &'a CpuMeter,
    id: u64,
    start: Duration,
}

impl CpuMeter {
    /// Counts the calling thread, which has just been started.
    pub(crate) fn enter(&self) -> CpuGuard<'_> {
        CpuGuard {
            meter: self,
            id: self.count_in(),
            start: thread_cpu_time(),
        }
    }

    /// Counts the calling thread, which has just been started, until
    /// [`count_out`](Self::count_out) with the number that this returns.
    pub(crate) fn count_in(&self) -> u64 {
        let mut state = self.lock();
        let id = state.next_id;
        state.next_id += 1;
        if let Some(clock) = ThreadClock::of_this_thread() {
            state.running.push((id, clock));
        }
        id
    }

    /// The calling thread ends.
    pub(crate) fn count_out(&self, id: u64) {
        let mut state = self.lock();
        state.running.retain(|(running, _)| *running != id);
        state.ended += thread_cpu_time();
    }

    /// CPU time of all threads so far. On Linux threads that still run are
    /// included, elsewhere they count when they end.
    pub(crate) fn total(&self) -> Duration {
        let state = self.lock();
        let running = state.running.iter().filter_map(|(_, clock)| clock.now());
        state.ended + running.sum::<Duration>()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(|error| error.into_inner())
    }
}

impl Drop for CpuGuard<'_> {
    fn drop(&mut self) {
        let used = thread_cpu_time();
        let mut state = self.meter.lock();
        // The clock of a new thread starts at zero; `start` is what this guard
        // must not count where a thread does more than run the guest.
        let listed = state.running.iter().any(|(id, _)| *id == self.id);
        state.running.retain(|(id, _)| *id != self.id);
        state.ended += if listed { used } else { used - self.start };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burn(least: Duration) {
        let start = thread_cpu_time();
        while thread_cpu_time() - start < least {}
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn cpu_of_another_thread_is_seen_while_it_runs_and_after() {
        let meter = CpuMeter::default();
        let (burnt, wait_burnt) = std::sync::mpsc::channel();
        let (seen, wait_seen) = std::sync::mpsc::channel::<()>();
        std::thread::scope(|scope| {
            let meter = &meter;
            scope.spawn(move || {
                let _guard = meter.enter();
                burn(Duration::from_millis(20));
                burnt.send(()).unwrap();
                let _ = wait_seen.recv();
            });
            wait_burnt.recv().unwrap();
            let live = meter.total();
            assert!(live >= Duration::from_millis(20), "{live:?}");
            assert!(live < Duration::from_millis(200), "{live:?}");
            drop(seen);
        });
        let ended = meter.total();
        assert!(ended >= Duration::from_millis(20), "{ended:?}");
        assert!(ended < Duration::from_millis(200), "{ended:?}");
    }
}

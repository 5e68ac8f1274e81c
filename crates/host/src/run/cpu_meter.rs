//! The CPU time of the threads of a guest.

use std::sync::Mutex;
use std::time::Duration;

use crate::cpu::thread_cpu_time;
use crate::run::raw::ThreadClock;

/// Adds up the CPU time of the threads of one guest.
#[derive(Debug, Default)]
pub(crate) struct CpuMeter(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    ended: Duration,
    running: Vec<(u64, ThreadClock)>,
    next_id: u64,
}

/// Counts the CPU time of the calling thread. Drop it on the same thread.
#[derive(Debug)]
pub(crate) struct CpuGuard<'a> {
    meter: &'a CpuMeter,
    id: u64,
    start: Duration,
}

impl CpuMeter {
    /// Counts the calling thread until the guard is dropped.
    pub(crate) fn enter(&self) -> CpuGuard<'_> {
        CpuGuard {
            meter: self,
            id: self.count_in(),
            start: thread_cpu_time(),
        }
    }

    /// Counts the calling thread until [`count_out`](Self::count_out) is called with the id that
    /// this returns. The thread must be new, as its whole CPU time is counted.
    pub(crate) fn count_in(&self) -> u64 {
        let mut state = self.lock();
        let id = state.next_id;
        state.next_id += 1;
        if let Some(clock) = ThreadClock::of_this_thread() {
            state.running.push((id, clock));
        }
        id
    }

    /// Ends the count of the calling thread.
    pub(crate) fn count_out(&self, id: u64) {
        let mut state = self.lock();
        state.running.retain(|(running, _)| *running != id);
        state.ended += thread_cpu_time();
    }

    /// The CPU time of all threads so far. On Linux this includes threads that are still running.
    /// Elsewhere a thread is counted when it ends.
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
        // A listed thread is counted in full by its clock, which starts at zero. Otherwise subtract
        // what the thread did before this guard.
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

//! The only unsafe code in this crate.

use std::time::Duration;

/// The CPU clock of one thread, which any thread may read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ThreadClock {
    #[cfg(target_os = "linux")]
    id: libc::clockid_t,
}

#[cfg(target_os = "linux")]
impl ThreadClock {
    /// The clock of the calling thread.
    pub(crate) fn of_this_thread() -> Option<Self> {
        let mut id = 0;
        // SAFETY: `pthread_self` has no precondition.
        let thread = unsafe { libc::pthread_self() };
        // SAFETY: `thread` is the calling thread, hence alive, and `id` is a
        // valid place for the answer.
        let error = unsafe { libc::pthread_getcpuclockid(thread, &raw mut id) };
        (error == 0).then_some(Self { id })
    }

    /// CPU time of that thread, `None` once the thread has ended.
    pub(crate) fn now(self) -> Option<Duration> {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: a clock id is a plain number that the kernel checks (a thread
        // that ended gives EINVAL), and `time` is a valid place for the answer.
        let error = unsafe { libc::clock_gettime(self.id, &raw mut time) };
        if error != 0 {
            return None;
        }
        Some(Duration::new(
            u64::try_from(time.tv_sec).ok()?,
            u32::try_from(time.tv_nsec).ok()?,
        ))
    }
}

#[cfg(not(target_os = "linux"))]
impl ThreadClock {
    /// Returns `None`: the clock of another thread is read on Linux only. See `crate::run::cpu_meter`.
    pub(crate) fn of_this_thread() -> Option<Self> {
        None
    }

    /// See [`ThreadClock::of_this_thread`].
    pub(crate) fn now(self) -> Option<Duration> {
        None
    }
}

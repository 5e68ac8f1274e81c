//! The CPU time of this thread, and the limit of descriptors.

use std::time::Duration;

/// Raises the limit of open descriptors to what the system allows this process. A connection of a
/// test needs two descriptors where the guest runs in the same process. If the limit cannot be
/// raised, it stays as it is.
pub fn raise_descriptor_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // This fails on macOS, which allows less than its stated maximum.
        let _ = setrlimit(Resource::Nofile, limit);
    }
}

/// Returns the CPU time used by the calling thread.
///
/// # Platform behaviour
/// Zero on Windows, for which no such clock is read.
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

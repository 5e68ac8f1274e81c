//! The host's calls that the selector makes, as a trait: the real ones are in `raw.rs`;
//! the tests have a scripted host that behaves like each of those that exist.

use super::abi::{Errno, Event, Fdstat, Subscription};

pub(crate) trait Host: Default + Send + Sync + 'static {
    /// Whether the target has threads.
    const THREADS: bool;

    /// `poll_oneoff`. Returns how many events were written: never more than there is room for,
    /// which is `subscriptions.len()` at least. `subscriptions` is never empty.
    fn poll_oneoff(
        &self,
        subscriptions: &[Subscription],
        events: &mut [Event],
    ) -> Result<usize, Errno>;

    /// `clock_time_get` of the monotonic clock.
    fn now_ns(&self) -> u64;

    /// `fd_fdstat_get`.
    fn fdstat(&self, fd: u32) -> Result<Fdstat, Errno>;
}

//! A wait, on the parts of the array that the policy chooses.

use std::io;

use super::policy::{Policy, Step};
use crate::portable::Until;

/// A host that is asked about parts of an array. Each call returns how many sources it reported.
pub(crate) trait Parts {
    fn policy(&mut self) -> &mut Policy;

    fn now_ns(&self) -> u64;

    /// The number of hot slots, and of cold ones.
    fn lens(&self) -> (usize, usize);

    /// Waits on the hot slots, until `until` at the latest. With `is_bound` that is a bound of the
    /// policy's, which the host may exceed a little.
    fn wait_hot(&mut self, now_ns: u64, until: Until, is_bound: bool) -> io::Result<usize>;

    /// Waits on everything, until `until` at the latest.
    fn wait_all(&mut self, now_ns: u64, until: Until) -> io::Result<usize>;

    /// Polls the next `sources` cold slots of the sweep without blocking.
    fn sweep(&mut self, sources: usize) -> io::Result<usize>;

    /// What a wait on hot sources costs that reports nothing, beside the waiting.
    fn hot_wait_cost_ns(&self, sources: usize) -> u64;

    /// What a wait on everything costs beside the waiting.
    fn full_wait_cost_ns(&self, sources: usize) -> u64;
}

/// Waits until something was reported, until `until` at the latest.
pub(crate) fn drive(host: &mut impl Parts, until: Until) -> io::Result<()> {
    let mut now_ns = host.now_ns();
    loop {
        let (hot, cold) = host.lens();
        let full_cost_ns = host.full_wait_cost_ns(hot + cold);
        let reported = match host.policy().next(now_ns, hot, cold, full_cost_ns) {
            Step::All => {
                let reported = host.wait_all(now_ns, until)?;
                let ended_ns = host.now_ns();
                host.policy().all_done(ended_ns, reported);
                return Ok(());
            }
            Step::Sweep { sources } => {
                let reported = host.sweep(sources)?;
                let ended_ns = host.now_ns();
                host.policy().sweep_done(ended_ns, reported);
                now_ns = ended_ns;
                reported
            }
            Step::Hot { bound_ns } => {
                let bound = Until::At(now_ns.saturating_add(bound_ns));
                let is_bound = until > bound;
                let reported = host.wait_hot(now_ns, until.min(bound), is_bound)?;
                if reported > 0 && host.policy().hot_found() {
                    return Ok(());
                }
                // The caller's deadline has ended it.
                if reported == 0 && !is_bound {
                    return Ok(());
                }
                now_ns = host.now_ns();
                let cost_ns = host.hot_wait_cost_ns(hot);
                host.policy().hot_done(now_ns, reported, cost_ns);
                reported
            }
        };
        if reported > 0 {
            return Ok(());
        }
    }
}

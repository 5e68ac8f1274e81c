//! The clock's place in the host's array: a pollable that ends the wait.
//!
//! A clock that is due later is reused as long as it is close enough, because creating one costs the
//! host a timer. A wait that does not block needs a new one each time.

use super::host::{Handle, Host};
use crate::portable::{LONGEST_WAIT_NS, Until};

/// How much later than asked for a bounded wait on hot sources may end. Hosts keep their timers in
/// milliseconds anyway.
const HOT_SLACK_NS: u64 = 1_000_000;

/// The pollables of one selector.
pub(super) struct Clock<H: Host> {
    /// Ready from this time on.
    deadline: Option<(u64, H::Pollable)>,
    /// Ready at once.
    due: Option<H::Pollable>,
}

impl<H: Host> Clock<H> {
    pub(super) const fn new() -> Self {
        Self {
            deadline: None,
            due: None,
        }
    }

    /// The handle that ends a wait at `until`. With `bound_from_ns`, when a bounded wait began, it
    /// is about then: a little later at most, and no earlier than half of the time until then.
    pub(super) fn until(&mut self, host: &H, until: Until, bound_from_ns: Option<u64>) -> Handle {
        let at_ns = match until {
            Until::Now => return self.now(host),
            Until::At(at_ns) => at_ns,
            Until::Never => u64::MAX,
        };
        let (earliest_ns, latest_ns) = match bound_from_ns {
            None => (at_ns, at_ns),
            Some(now_ns) => (
                now_ns.saturating_add(at_ns.saturating_sub(now_ns) / 2),
                at_ns.saturating_add(HOT_SLACK_NS),
            ),
        };
        self.between(host, earliest_ns, latest_ns)
    }

    /// The handle that ends a wait at once. Only a new clock makes the host take in what the network
    /// did, and check everything, before it says that nothing else is ready (wasmtime 46:
    /// `Deadline::Past` yields to tokio the first time it is polled).
    pub(super) fn now(&mut self, host: &H) -> Handle {
        let pollable = host.subscribe_instant(0);
        let handle = H::handle(&pollable);
        // As below, the old one goes after the new one has come.
        self.due = Some(pollable);
        handle
    }

    /// A clock that is ready at a time between the two; a new one is for the later.
    fn between(&mut self, host: &H, earliest_ns: u64, latest_ns: u64) -> Handle {
        let (earliest_ns, latest_ns) = within_reach(host, earliest_ns, latest_ns);
        match &self.deadline {
            Some((at_ns, pollable)) if (earliest_ns..=latest_ns).contains(at_ns) => {
                H::handle(pollable)
            }
            _ => {
                let pollable = host.subscribe_instant(latest_ns);
                let handle = H::handle(&pollable);
                // The old one goes after the new one has come: its handle is not used again at once.
                self.deadline = Some((latest_ns, pollable));
                handle
            }
        }
    }
}

/// The two times, or sooner where they are too far away. Only a far one costs a call of the host.
fn within_reach<H: Host>(host: &H, earliest_ns: u64, latest_ns: u64) -> (u64, u64) {
    if latest_ns < LONGEST_WAIT_NS {
        return (earliest_ns, latest_ns);
    }
    let now_ns = host.now_ns();
    (
        earliest_ns.min(now_ns.saturating_add(LONGEST_WAIT_NS / 2)),
        latest_ns.min(now_ns.saturating_add(LONGEST_WAIT_NS)),
    )
}

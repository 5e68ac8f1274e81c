//! The clock's place in the host's array: a handle that is always valid. One that is due later is as
//! seldom a new one as can be, since it costs the host a timer; one that ends a look is new each time.

use wasip2::clocks::monotonic_clock;
use wasip2::io::poll::Pollable;

#[cfg(feature = "net")]
use super::raw;
use super::raw::Once;
use super::target::Handle;
use super::wait::Budget;

/// How much later than asked for a bounded wait on hot sources may end. Hosts keep their timers in
/// milliseconds anyway.
const HOT_SLACK_NS: u64 = 1_000_000;

/// A pollable that is ready for as long as the program runs: what stands for a source that has
/// something to give without the host.
#[cfg(feature = "net")]
#[inline(never)]
pub(super) fn always_ready() -> Handle {
    static READY: Once<Pollable> = Once::new();
    READY.get_or_init(due).handle()
}

/// Whether a pollable is ready now.
#[cfg(feature = "net")]
pub(super) fn is_ready(handle: Handle) -> bool {
    is_ready_before(handle, due().handle())
}

/// A clock that is due already, and is to be asked but once: only a new one has the host take in what
/// the network did, and ask everything in earnest, before it says that nothing else is ready (wasmtime 46:
/// `Deadline::Past` yields to tokio the first time it is asked).
fn due() -> Pollable {
    monotonic_clock::subscribe_instant(0)
}

/// Waits for one of two, and tells whether it is the first, or both. By the call that every program
/// makes: another import, `ready`, takes 200 bytes.
#[cfg(feature = "net")]
#[cold]
#[inline(never)]
pub(super) fn is_ready_before(handle: Handle, other: Handle) -> bool {
    let mut ready = [0; 2];
    let found = raw::poll(&[handle, other], &mut ready);
    found == 2 || ready[0] == 0
}

/// A pollable that is never ready.
#[inline(never)]
pub(super) fn never() -> Handle {
    static NEVER: Once<Pollable> = Once::new();
    NEVER
        .get_or_init(|| monotonic_clock::subscribe_instant(u64::MAX))
        .handle()
}

/// The pollables of a selector's own.
#[derive(Debug, Default)]
pub(super) struct Clock {
    /// Ready from this time on.
    deadline: Option<(u64, Pollable)>,
    /// Ready at once, but once.
    look: Option<Pollable>,
}

impl Clock {
    /// The handle that ends a wait of this length.
    pub(super) fn handle(&mut self, budget: Budget, now_ns: impl Fn() -> u64) -> Handle {
        match budget {
            Budget::Zero => self.at_once(),
            Budget::Unlimited => never(),
            Budget::Until(deadline_ns) => self.at(deadline_ns, deadline_ns),
            Budget::Within(bound_ns) => {
                let now_ns = now_ns();
                let earliest_ns = now_ns.saturating_add(bound_ns / 2);
                self.at(earliest_ns, now_ns.saturating_add(bound_ns + HOT_SLACK_NS))
            }
        }
    }

    /// Ends a wait that is not to block.
    pub(super) fn at_once(&mut self) -> Handle {
        let pollable = due();
        let handle = pollable.handle();
        // As below, the old one goes after the new one has come.
        self.look = Some(pollable);
        handle
    }

    /// A clock that is ready at a time between the two; a new one is for the later.
    fn at(&mut self, earliest_ns: u64, latest_ns: u64) -> Handle {
        match &self.deadline {
            Some((at_ns, pollable)) if (earliest_ns..=latest_ns).contains(at_ns) => {
                pollable.handle()
            }
            _ => {
                let pollable = monotonic_clock::subscribe_instant(latest_ns);
                let handle = pollable.handle();
                // The old one goes after the new one has come: its handle is not used again at once.
                self.deadline = Some((latest_ns, pollable));
                handle
            }
        }
    }
}

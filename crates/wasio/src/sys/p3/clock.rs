//! The call that ends a wait at its deadline.
//!
//! A call that returns too early is left as it is: the wait then begins again, which is cheaper than
//! a cancel and a new call for each wait.

use std::io;
use std::sync::{Arc, Weak};

use super::bindings::{Call, Called, Event, monotonic_clock};
use super::operations::{self, Completes};
use crate::errors::static_error;
use crate::lock::Lock;
use crate::portable::Until;

/// The farthest that a clock is set: two weeks. A host may take a longer one for one that is due
/// (jco, by `setTimeout`). A wait that is longer than this begins again.
const FARTHEST_NS: u64 = 14 * 86_400 * 1_000_000_000;

/// The clock of one selector.
#[derive(Debug)]
pub(super) struct Clock(Arc<Timer>);

#[derive(Debug)]
struct Timer {
    me: Weak<Timer>,
    running: Lock<Option<Running>>,
}

#[derive(Debug)]
struct Running {
    at_ns: u64,
    call: Call<(), ()>,
}

impl Clock {
    pub(super) fn new() -> Self {
        Self(Arc::new_cyclic(|me| Timer {
            me: me.clone(),
            running: Lock::new(None),
        }))
    }

    /// Takes up what has ended. Blocks for it until `until` unless there is something.
    pub(super) fn block(&self, until: Until) -> io::Result<()> {
        match until {
            Until::Now => operations::progress(),
            Until::At(at_ns) if !self.set(monotonic_clock::now(), at_ns) => operations::progress(),
            Until::Never if !operations::are_in_flight() => return Err(nothing_in_flight()),
            Until::At(_) | Until::Never => operations::wait(),
        }
        Ok(())
    }

    /// Has a wait end at a time, or before. Returns `false` if that is over already.
    fn set(&self, now_ns: u64, at_ns: u64) -> bool {
        if at_ns <= now_ns {
            return false;
        }
        let at_ns = at_ns.min(now_ns.saturating_add(FARTHEST_NS));
        let running = &mut *self.0.running.lock();
        if running
            .as_ref()
            .is_some_and(|running| running.at_ns <= at_ns)
        {
            return true;
        }
        cancel(running);
        match monotonic_clock::wait_until(at_ns) {
            Called::Returned(()) => false,
            Called::Pending(call) => {
                let owner: Weak<Timer> = self.0.me.clone();
                operations::add(call.waitable(), owner);
                *running = Some(Running { at_ns, call });
                true
            }
        }
    }
}

#[cold]
fn nothing_in_flight() -> io::Error {
    static_error(
        io::ErrorKind::InvalidInput,
        "the wait would never end: every source was reported, and none was read or written since \
         until `WouldBlock`; do that, or pass a timeout",
    )
}

fn cancel(running: &mut Option<Running>) {
    if let Some(running) = running.take() {
        operations::remove(running.call.waitable());
    }
}

impl Completes for Timer {
    fn complete(&self, event: Event) {
        let mut running = self.running.lock();
        if let Some(Running { at_ns, call }) = running.take()
            && let Err(call) = call.returned(event)
        {
            let owner: Weak<Self> = self.me.clone();
            operations::add(call.waitable(), owner);
            *running = Some(Running { at_ns, call });
        }
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        cancel(&mut self.running.lock());
    }
}

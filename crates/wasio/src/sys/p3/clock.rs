//! The call that ends a wait at its deadline.
//!
//! A call for an earlier time is left as it is: the wait then begins again, which is cheaper than a
//! cancel and a new call for each wait.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::alone::{Alone, Part};
use super::bindings::{Call, Called, Event, monotonic_clock};
use super::operations;
use super::signals::Signal;
use crate::errors::static_error;
use crate::portable::{Directions, Until};

/// The farthest that a clock is set: two weeks. A host may take a longer one for one that is due
/// (jco, by `setTimeout`). A wait that is longer than this begins again.
const FARTHEST_NS: u64 = 14 * 86_400 * 1_000_000_000;

/// How much later the host is asked once it was early: such hosts round down to milliseconds. Else
/// the wait would begin again and again for the rest of the time.
const ROUNDING_NS: u64 = 1_000_000;

/// The clock of one selector.
#[derive(Debug)]
pub(super) struct Clock(Arc<Alone<State>>);

#[derive(Debug, Default)]
struct State {
    running: Option<Running>,
    /// What time the call that has ended since the last wait was to end a wait at.
    ended_ns: u64,
    /// Whether a call was seen to end too early.
    rounds_down: bool,
}

#[derive(Debug)]
struct Running {
    /// When it is to end a wait, which may be before the time that the host was given.
    at_ns: u64,
    call: Call<(), ()>,
}

/// How many calls run for clocks of all selectors. Each is left from a wait with a deadline, and is
/// nothing that a wait without one can wait for.
static RUNNING: AtomicUsize = AtomicUsize::new(0);

impl Running {
    fn new(at_ns: u64, call: Call<(), ()>) -> Self {
        RUNNING.fetch_add(1, Ordering::Relaxed);
        Self { at_ns, call }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        RUNNING.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Clock {
    pub(super) fn new() -> Self {
        Self(Alone::new(State::default(), Directions::NONE))
    }

    /// Takes up what has ended. Blocks for it until `until` unless there is something.
    pub(super) fn block(&self, until: Until) -> io::Result<()> {
        match until {
            Until::Now => operations::progress(),
            Until::At(at_ns) if !self.ends(at_ns) => operations::progress(),
            Until::Never if operations::in_flight() == RUNNING.load(Ordering::Relaxed) => {
                return Err(nothing_in_flight());
            }
            Until::At(_) | Until::Never => operations::wait(),
        }
        Ok(())
    }

    /// Has a wait end at a time, or before. Returns `false` if that is over already.
    fn ends(&self, at_ns: u64) -> bool {
        let state = &mut *self.0.part();
        let running = state.running.as_ref();
        if running.is_some_and(|running| running.at_ns <= at_ns) {
            return true;
        }
        let now_ns = monotonic_clock::now();
        if at_ns <= now_ns {
            return false;
        }
        state.rounds_down |= now_ns < std::mem::take(&mut state.ended_ns);
        let rounding_ns = if state.rounds_down { ROUNDING_NS } else { 0 };
        let at_ns = at_ns.min(now_ns.saturating_add(FARTHEST_NS));
        state.running = None;
        match monotonic_clock::wait_until(at_ns + rounding_ns) {
            Called::Returned(()) => {
                state.ended_ns = at_ns;
                false
            }
            Called::Pending(call) => {
                operations::add(call.waitable(), &self.0.signal);
                state.running = Some(Running::new(at_ns, call));
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

impl Part for State {
    fn complete(&mut self, _signal: &Signal, event: Event) -> bool {
        let running = self.running.as_mut();
        let Some(at_ns) = running.and_then(|one| one.call.returned(event).map(|()| one.at_ns))
        else {
            return false;
        };
        self.running = None;
        self.ended_ns = at_ns;
        true
    }
}

//! Random programs on random hosts, against a model that knows what is registered and armed, and
//! asks the scripted world what is ready. Each scripted host runs it, by implementing [`World`]: those
//! of WASI 0.1, those of 0.2, and one whose wait costs only what is ready.
//!
//! What it claims, whatever a program does and whichever calls of the host go wrong:
//!
//! * nothing that is armed and ready is lost, no byte, no timer and no wake;
//! * it is reported within a bounded number of polls, whatever else is ready all the time;
//! * nothing is reported that is not armed, not there (on an honest host), or gone;
//! * no wait and no timer ends early, and none late by more than the host explains;
//! * a wait for what does not happen makes a bounded number of calls;
//! * nothing is left registered, and nothing of the host's is kept.
//!
//! A failure shrinks to the operations that it takes, and its seed is kept in `proptest-regressions`.
//! `PROPTEST_CASES=100000` makes a longer search. The fuzzer in `fuzz/` runs the same programs.

mod bytes;
mod check;
mod finish;
mod peer;
mod program;
mod run;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) use self::bytes::Input;
#[cfg(test)]
pub(crate) use self::bytes::{config, program};
pub(crate) use self::peer::Peer;
pub(crate) use self::program::{How, Op, Program, Timeout};
pub(crate) use super::faults::{Fault, Faults};
use crate::io_outcome::IoOutcome;
use crate::portable::backoff::LONGEST_PAUSE_NS;
use crate::portable::{Backend, Direction, Key, Selector};
use crate::{Interest, Mode, Token};

pub(crate) const MS: u64 = 1_000_000;
/// The names of sources: from 3 on, as descriptors have them.
pub(crate) const SOURCES: u32 = 24;
/// For so long a source that is ready may be held back, as it was reported over and over while its
/// operations found nothing.
pub(crate) const HELD_BACK_NS: u64 = LONGEST_PAUSE_NS;

#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Stream,
    Listener,
    File,
}

/// A scripted host with its sources, in virtual time.
pub(crate) trait World {
    type Backend: Backend;

    fn name(&self) -> &'static str;

    /// Makes a source.
    fn open(&mut self, id: u32, kind: Kind);

    /// Registers a source that is open.
    fn register(
        &mut self,
        selector: &Selector<Self::Backend>,
        id: u32,
        token: Token,
        interest: Interest,
        mode: Mode,
    ) -> io::Result<Key>;

    /// Whether a source can be registered once only.
    fn is_exclusive(&self, _id: u32) -> bool {
        true
    }

    /// The source goes; it was deregistered.
    fn close(&mut self, id: u32);

    /// A source that is open, for a host whose operations are none of the backend's.
    fn peer<R>(&mut self, _id: u32, _f: impl FnOnce(Peer<'_>) -> R) -> R {
        unreachable!("the world has operations of its own")
    }

    fn set_room(&mut self, id: u32, room: bool) {
        self.peer(id, |mut peer| peer.set_room(room));
    }

    fn end(&mut self, id: u32, resets: bool) {
        self.peer(id, |mut peer| peer.end(resets));
    }

    /// An operation of the program.
    fn io(&mut self, id: u32, direction: Direction, how: How) -> IoOutcome {
        self.peer(id, |mut peer| peer.io(direction, how))
    }

    fn has_failed(&mut self, id: u32) -> bool {
        self.peer(id, |peer| *peer.failed)
    }

    /// The bytes to read, or the connections to accept.
    fn pending(&mut self, id: u32) -> u64 {
        self.peer(id, |peer| *peer.pending)
    }

    fn arrive(&mut self, id: u32, bytes: u64, after_ns: u64);

    /// Wakes the selector after a time, if it has other threads that can, and else now. Says so in
    /// `woken`.
    fn wake(&mut self, selector: &Selector<Self::Backend>, _after_ns: u64, woken: Arc<AtomicBool>) {
        selector.wake().unwrap();
        woken.store(true, Ordering::Relaxed);
    }

    /// Whether something was sent that has not arrived.
    fn is_expecting(&self) -> bool;

    fn faults<R>(&mut self, f: impl FnOnce(&mut Faults) -> R) -> R;

    /// Whether an error is one that [`Fault::Error`] gives.
    fn explains(&self, _error: &io::Error) -> bool {
        false
    }

    /// Whether a source is ready, as the peers see it.
    fn is_ready(&self, id: u32, direction: Direction) -> bool;

    /// Whether the host says nothing of a source although it is ready.
    fn is_silent(&self, _id: u32) -> bool {
        false
    }

    /// Whether the host has no event without a reason, and whether each event says what is.
    fn is_honest(&self) -> bool;
    fn is_exact(&self) -> bool {
        self.is_honest()
    }

    /// What the host can do of an interest.
    fn supported(&self, interest: Interest) -> Interest {
        interest
    }

    fn now_ns(&self) -> u64;

    /// Lets time pass between two calls.
    fn pass(&mut self, ns: u64);

    /// What the selector's clock shows.
    fn clock_ns(&self) -> u64 {
        self.now_ns()
    }

    /// The calls of the host so far.
    fn calls(&self) -> u64;

    /// The most host calls that a wait of a second may take in which nothing happens, with `slots`
    /// directions registered.
    fn most_idle_calls(&self, slots: u64) -> u64;

    /// By how much a wait of this number of calls may be too long, and any wait too short.
    fn slack_ns(&self, calls: u64) -> u64;
    fn early_ns(&self) -> u64 {
        0
    }

    /// What the host still keeps for a selector, which is gone.
    fn kept(&self) -> usize;
}

//! What was written when a connection was dropped, and has not left the host yet.
//!
//! A host takes a write that the network has no room for into a buffer of its own, and discards
//! that when the stream is dropped. An operating system's `close` still sends it, and so does this:
//! the sending side is shut down, and the connection is kept until the host has sent everything.
//! The peer reads the rest and then the end, also while the program sleeps. [`Limits`]
//! bound what is kept. A program that traps loses it.
//!
//! A host may do the same by blocking in the drop (wasmtime from version 48 on, on WASI 0.2), for as
//! long as the peer does not read. There the limits do not hold: to keep a connection is better than
//! to stop the program.

use std::collections::LinkedList;
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::lock::Lock;
use crate::portable::saturating_ns;
use crate::sys::imp::monotonic_clock;
use crate::sys::resources::raw;

/// Time from one sweep to the next. All of them are checked in about half a second.
const SWEEP_EVERY_NS: u64 = 100_000_000;
/// The same where all that is left is past its limits: nothing says when a peer reads again.
const SWEEP_OVERDUE_EVERY_NS: u64 = 1_000_000_000;
/// How long the end of the program waits for one before it is the turn of the next.
const SLICE_NS: u64 = 10_000_000;
/// How many a sweep checks at most: a check is two calls of the host, some microseconds.
const CHUNK: usize = 64;
/// How many are checked to find one to close when there are too many.
const FEW: usize = 4;

/// A connection with something left to send.
pub(crate) trait Unsent: Send {
    /// Whether the host has sent everything, or never will.
    fn is_sent(&self) -> bool;

    /// Waits for that, until the deadline at most.
    fn wait_until(&self, deadline_ns: u64);

    /// Whether it is known that the host discards what is not sent when this is dropped. Other hosts
    /// block in the drop until the peer has read that, which may be never.
    fn closes_at_once(&self) -> bool;
}

struct Lingering {
    stream: Box<dyn Unsent>,
    deadline_ns: u64,
}

struct Limits {
    /// How long a connection is kept at most, and so what its peers may add to the time that the end
    /// of the program takes.
    max_age_ns: u64,
    /// How many are kept at most.
    max_streams: usize,
}

impl Limits {
    /// A peer that reads at all takes the buffer of a host (wasmtime: 64 KiB) in less time. Each
    /// connection is a descriptor of the host, which often has 1 024 in all.
    const DEFAULT: Self = Self {
        max_age_ns: 5_000_000_000,
        max_streams: 256,
    };
}

struct List {
    limits: Limits,
    /// The streams in the order of their age: first those that this pass of sweeps has checked. Lists,
    /// as they only move from a front to a back: what makes a `VecDeque` grow is 0.2 kB of each program.
    checked: LinkedList<Lingering>,
    unchecked: LinkedList<Lingering>,
    /// Those that are past the limits, and that the host may wait for if they are dropped.
    overdue: LinkedList<Box<dyn Unsent>>,
    next_sweep_ns: u64,
}

static LIST: Lock<List> = Lock::new(List {
    limits: Limits::DEFAULT,
    checked: LinkedList::new(),
    unchecked: LinkedList::new(),
    overdue: LinkedList::new(),
    next_sweep_ns: 0,
});

/// Keeps a connection until it has sent everything, or for as long as the bounds allow.
#[cold]
pub(crate) fn keep(stream: Box<dyn Unsent>) {
    static AT_EXIT: AtomicBool = AtomicBool::new(false);
    if !AT_EXIT.swap(true, Ordering::Relaxed) {
        raw::at_exit(wait_for_all);
    }
    let now_ns = monotonic_clock::now();
    let list = &mut *LIST.lock();
    let soon_ns = now_ns.saturating_add(SWEEP_EVERY_NS);
    list.next_sweep_ns = if list.is_empty() {
        soon_ns
    } else {
        soon_ns.min(list.next_sweep_ns)
    };
    if list.limits.max_age_ns == 0 {
        return list.give_up(stream);
    }
    list.unchecked.push_back(Lingering {
        stream,
        deadline_ns: now_ns.saturating_add(list.limits.max_age_ns),
    });
    list.shed();
}

/// See [`net::set_linger_limits`](crate::net::set_linger_limits).
pub(crate) fn set_limits(max_age: Duration, max_streams: usize) {
    let list = &mut *LIST.lock();
    list.limits = Limits {
        max_age_ns: saturating_ns(max_age),
        max_streams,
    };
    list.shed();
}

/// When the end of the program waits no longer. It begins with the first call.
#[cfg(wasio_waitables)]
pub(crate) fn end_ns() -> u64 {
    static END_NS: Lock<Option<u64>> = Lock::new(None);
    let max_age_ns = LIST.lock().limits.max_age_ns;
    let end_ns = &mut *END_NS.lock();
    *end_ns.get_or_insert_with(|| monotonic_clock::now().saturating_add(max_age_ns))
}

impl List {
    /// Closes the connections that are too many: one that has sent everything, if it is found soon, and
    /// otherwise the oldest.
    fn shed(&mut self) {
        while self.len() > self.limits.max_streams {
            if (0..FEW).any(|_| self.closes_next(0)) {
                continue;
            }
            let Some(oldest) = self.take_oldest() else {
                return;
            };
            self.give_up(oldest.stream);
        }
    }

    /// Checks one, and closes it if it has sent everything or is too old at `now_ns`. After the last
    /// one the next pass begins.
    // In both of its callers it makes an echo server 1.6 kB larger.
    #[inline(never)]
    fn closes_next(&mut self, now_ns: u64) -> bool {
        if self.unchecked.is_empty() {
            mem::swap(&mut self.checked, &mut self.unchecked);
        }
        let Some(next) = self.unchecked.pop_front() else {
            return false;
        };
        // Its deadline may be earlier than that of an older one, if the limit was lowered.
        if next.deadline_ns <= now_ns {
            self.give_up(next.stream);
        } else if !next.stream.is_sent() {
            self.checked.push_back(next);
            return false;
        }
        true
    }

    /// Closes a connection, or keeps it until it has sent everything if closing it may block.
    fn give_up(&mut self, stream: Box<dyn Unsent>) {
        if !stream.closes_at_once() && !stream.is_sent() {
            self.overdue.push_back(stream);
        }
    }

    /// How many there are within the limits.
    fn len(&self) -> usize {
        self.checked.len() + self.unchecked.len()
    }

    fn is_empty(&self) -> bool {
        self.len() == 0 && self.overdue.is_empty()
    }

    fn oldest(&self) -> Option<&Lingering> {
        self.checked.front().or_else(|| self.unchecked.front())
    }

    fn take_oldest(&mut self) -> Option<Lingering> {
        self.checked
            .pop_front()
            .or_else(|| self.unchecked.pop_front())
    }

    #[cold]
    fn sweep_if_due(&mut self) {
        let now_ns = monotonic_clock::now();
        if now_ns < self.next_sweep_ns {
            return;
        }
        let is_rare = self.oldest().is_none();
        let every_ns = if is_rare {
            SWEEP_OVERDUE_EVERY_NS
        } else {
            SWEEP_EVERY_NS
        };
        self.next_sweep_ns = now_ns.saturating_add(every_ns);
        while self.oldest().is_some_and(|one| one.deadline_ns <= now_ns)
            && let Some(oldest) = self.take_oldest()
        {
            self.give_up(oldest.stream);
        }
        for _ in 0..self.overdue.len().min(CHUNK) {
            if let Some(stream) = self.overdue.pop_front() {
                self.give_up(stream);
            }
        }
        for _ in 0..self.len().min(CHUNK) {
            self.closes_next(now_ns);
        }
    }
}

/// Closes what has been sent or is too old, if a sweep is due. Returns when a wait must end for the
/// next sweep; `None` if nothing lingers. Each wait begins with this.
pub(crate) fn sweep() -> Option<u64> {
    let list = &mut *LIST.lock();
    if !list.is_empty() {
        list.sweep_if_due();
    }
    (!list.is_empty()).then_some(list.next_sweep_ns)
}

extern "C" fn wait_for_all() {
    #[cfg(wasio_waitables)]
    end_ns();
    // One after the other, for a slice each: on WASI 0.3 the program has a part in sending what it
    // wrote to wasio's streams, and has none while it waits for a stream of libc's.
    while let Some(first) = next() {
        let slice_ns = monotonic_clock::now().saturating_add(SLICE_NS);
        first.stream.wait_until(slice_ns.min(first.deadline_ns));
        let list = &mut *LIST.lock();
        if slice_ns >= first.deadline_ns {
            list.give_up(first.stream);
        } else if !first.stream.is_sent() {
            list.unchecked.push_back(first);
        }
    }
}

fn next() -> Option<Lingering> {
    LIST.lock().take_oldest()
}

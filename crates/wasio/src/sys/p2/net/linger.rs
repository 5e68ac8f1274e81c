//! What was written when a connection was dropped, and has not left the host yet.
//!
//! A host takes a write that the network has no room for into a buffer of its own, and discards
//! that when the stream is dropped. An operating system's `close` still sends it, and so does this:
//! the sending side is shut down, and the connection is kept until the host has sent everything.
//! The peer reads the rest and then the end, also while the program sleeps. [`MAX_AGE_NS`] and
//! [`MAX_STREAMS`] bound what is kept. A program that traps loses it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use wasip2::clocks::monotonic_clock;

use crate::lock::Lock;
use crate::sys::imp::raw;

/// How long a connection is kept at most, and so what its peers may add to the time that the end
/// of the program takes. A peer that reads at all takes the buffer of a host (wasmtime: 64 KiB)
/// in less.
const MAX_AGE_NS: u64 = 5_000_000_000;
/// How many are kept at most. Each is a descriptor of the host, which often has 1 024 in all.
const MAX_STREAMS: usize = 256;
/// One `select` in this many sweeps: a check is two calls of the host, a `select` often one.
const SELECTS_PER_SWEEP: usize = 64;
/// How many a sweep checks at most: about one per `select`.
const CHUNK: usize = 64;

/// A connection with something left to send.
pub(super) trait Unsent: Send {
    /// Whether the host has sent everything, or never will.
    fn is_sent(&self) -> bool;

    /// Waits for that, until the deadline at most.
    fn wait_until(&self, deadline_ns: u64);
}

struct Lingering {
    stream: Box<dyn Unsent>,
    deadline_ns: u64,
}

/// The one that was checked least recently is the first.
static LINGERING: Lock<VecDeque<Lingering>> = Lock::new(VecDeque::new());
static ANY: AtomicBool = AtomicBool::new(false);

/// Keeps a connection until it has sent everything, or for as long as the bounds allow.
#[cold]
pub(super) fn keep(stream: Box<dyn Unsent>) {
    static AT_EXIT: AtomicBool = AtomicBool::new(false);
    if !AT_EXIT.swap(true, Ordering::Relaxed) {
        raw::at_exit(wait_for_all);
    }
    let deadline_ns = monotonic_clock::now().saturating_add(MAX_AGE_NS);
    let mut lingering = LINGERING.lock();
    if lingering.len() >= MAX_STREAMS {
        lingering.pop_front();
    }
    lingering.push_back(Lingering {
        stream,
        deadline_ns,
    });
    ANY.store(true, Ordering::Relaxed);
}

/// Closes what has been sent or is too old. Each `select` calls this.
pub(crate) fn sweep() {
    static SELECTS: AtomicUsize = AtomicUsize::new(0);
    if ANY.load(Ordering::Relaxed)
        && SELECTS
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(SELECTS_PER_SWEEP)
    {
        sweep_chunk();
    }
}

#[cold]
fn sweep_chunk() {
    let now_ns = monotonic_clock::now();
    let mut lingering = LINGERING.lock();
    for _ in 0..lingering.len().min(CHUNK) {
        if let Some(first) = lingering.pop_front()
            && first.deadline_ns > now_ns
            && !first.stream.is_sent()
        {
            lingering.push_back(first);
        }
    }
    ANY.store(!lingering.is_empty(), Ordering::Relaxed);
}

extern "C" fn wait_for_all() {
    // All of them are sent meanwhile, whichever is waited for.
    while let Some(first) = LINGERING.lock().pop_front() {
        first.stream.wait_until(first.deadline_ns);
    }
}

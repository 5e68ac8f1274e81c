//! What was written when a connection was dropped, and has not left the host yet.
//!
//! A host takes a write that the network has no room for into a buffer of its own, and throws that
//! away when the stream is dropped. `close` of an operating system sends it still, and so do we: the
//! host is told to end the connection after it, and the connection is kept until it has. The peer hears of
//! the end as soon as it has read the rest, also while the program sleeps. At the end of the
//! program what is left gets [`LAST_NS`]; a program that traps loses it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use wasip2::clocks::monotonic_clock;

use super::stream::HostStream;
use crate::lock::Lock;
use crate::sys::imp::host::Handle;
use crate::sys::imp::owned::Owned;
use crate::sys::imp::raw;
use crate::sys::imp::ready;

/// How long the end of the program waits for slow peers.
const LAST_NS: u64 = 5_000_000_000;
/// One select of so many looks whether something has gone.
const SELECTS_PER_LOOK: usize = 64;

/// A connection that its owner has dropped.
struct Lingering {
    // Before its parent: the host traps if that goes first.
    sent: Owned,
    connection: Arc<HostStream>,
    next: Option<Box<Lingering>>,
}

impl Lingering {
    /// wasmtime takes note that it has sent all only while it is asked whether it is ready.
    fn is_sent(&self) -> bool {
        ready::is_ready(self.sent.handle()) && !self.connection.has_unsent()
    }
}

static LINGERING: Lock<Option<Box<Lingering>>> = Lock::new(None);
static ANY: AtomicBool = AtomicBool::new(false);

/// Keeps a connection for as long as the host has something of it to send.
#[cold]
pub(super) fn keep(connection: &Arc<HostStream>) {
    static AT_EXIT: AtomicBool = AtomicBool::new(false);
    if !AT_EXIT.swap(true, Ordering::Relaxed) {
        raw::at_exit(wait_for_all);
    }
    if let Some(sent) = connection.end() {
        reap(Some(Box::new(Lingering {
            sent,
            connection: Arc::clone(connection),
            next: None,
        })));
    }
}

/// Lets go of what has been sent, now and then.
pub(crate) fn look() {
    static SELECTS: AtomicUsize = AtomicUsize::new(0);
    if ANY.load(Ordering::Relaxed)
        && SELECTS
            .fetch_add(1, Ordering::Relaxed)
            .is_multiple_of(SELECTS_PER_LOOK)
    {
        reap(None);
    }
}

/// Lets go of what has been sent, and keeps one more. Returns what is ready when the first of them
/// has been sent.
#[cold]
#[inline(never)]
fn reap(more: Option<Box<Lingering>>) -> Option<Handle> {
    let mut lingering = LINGERING.lock();
    let mut all = lingering.take();
    let mut left = more;
    while let Some(mut one) = all {
        all = one.next.take();
        if !one.is_sent() {
            one.next = left;
            left = Some(one);
        }
    }
    *lingering = left;
    ANY.store(lingering.is_some(), Ordering::Relaxed);
    lingering.as_ref().map(|first| first.sent.handle())
}

extern "C" fn wait_for_all() {
    let last_ns = monotonic_clock::now().saturating_add(LAST_NS);
    let last = monotonic_clock::subscribe_instant(last_ns);
    while let Some(first) = reap(None) {
        if ready::is_ready_before(last.handle(), first) {
            return;
        }
    }
}

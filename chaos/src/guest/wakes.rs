//! Wakes, none of which may be lost: of another thread where there are threads, else of this one.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use wasio::{Registry, Waker};

use super::{Clock, Patience, token, violation};
use crate::plan::{self, Pauses};

#[derive(Debug)]
pub(super) struct Wakes {
    waker: Arc<Waker>,
    sent: Arc<AtomicU64>,
    has_thread: bool,
    seen: u64,
    patience: Patience,
}

impl Wakes {
    pub(super) fn new(seed: u64, clock: &Clock, registry: &Registry) -> io::Result<Self> {
        let waker = Arc::new(Waker::new(registry, token::WAKER)?);
        let sent = Arc::<AtomicU64>::default();
        let thread = {
            let (waker, sent, clock) = (Arc::clone(&waker), Arc::clone(&sent), clock.clone());
            let pauses = Pauses::new(seed, u64::from(u32::MAX));
            thread::Builder::new().spawn(move || wake_forever(&waker, &sent, pauses, &clock))
        };
        Ok(Self {
            waker,
            sent,
            has_thread: thread.is_ok(),
            seen: 0,
            patience: Patience::default(),
        })
    }

    /// Wakes the poll that comes next, where no thread does it.
    pub(super) fn wake_self(&self) {
        if !self.has_thread {
            self.wake();
        }
    }

    pub(super) fn wake(&self) {
        wake(&self.waker, &self.sent);
    }

    /// Handles the event.
    pub(super) fn handle(&mut self) {
        self.seen = self.sent.load(Ordering::SeqCst);
    }

    /// The number of wakes so far. Read it before a poll.
    pub(super) fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    /// Call this after the events of each poll, with what was sent before it.
    pub(super) fn check(&mut self, sent_before: u64) {
        if self.patience.is_over(sent_before > self.seen) {
            violation("a wake is lost");
            self.seen = sent_before;
        }
    }
}

fn wake(waker: &Waker, sent: &AtomicU64) {
    // Counted first: the event of this wake must not come before.
    sent.fetch_add(1, Ordering::SeqCst);
    if let Err(error) = waker.wake() {
        violation(&format!("a wake failed: {error}"));
    }
}

fn wake_forever(waker: &Waker, sent: &AtomicU64, mut pauses: Pauses, clock: &Clock) {
    loop {
        let quiet = plan::until_loud(clock.at()).unwrap_or_default();
        thread::sleep(quiet + pauses.next_pause());
        if !plan::is_quiet(clock.at()) {
            wake(waker, sent);
        }
    }
}

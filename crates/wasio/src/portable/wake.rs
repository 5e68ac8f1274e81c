//! The waker's state: a flag that a wait must look at before it blocks, and a
//! place where a thread with no descriptors to wait for can sleep until the flag is set.
//!
//! The rule both sides keep: `wake` sets the flag *first* and then ends the sleep; the
//! sleeper looks at the flag *after* it has said that it sleeps (here: under the lock of the
//! condition variable). So a wake is seen, whichever comes first. Checked with loom.

use std::time::Duration;

#[cfg(loom)]
use loom::sync::atomic::{AtomicBool, Ordering};
#[cfg(loom)]
use loom::sync::{Condvar, Mutex};
#[cfg(not(loom))]
use std::sync::atomic::{AtomicBool, Ordering};
#[cfg(not(loom))]
use std::sync::{Condvar, Mutex};

use std::sync::PoisonError;

/// Whether `wake` was called since the flag was last taken. Many wakes merge into one.
#[derive(Debug)]
pub(crate) struct WakeFlag(AtomicBool);

impl WakeFlag {
    pub(crate) fn new() -> Self {
        Self(AtomicBool::new(false))
    }

    /// Sets the flag. What the caller did before is seen by whoever takes it.
    pub(crate) fn set(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Takes the flag: true once for all the wakes since the last call.
    pub(crate) fn take(&self) -> bool {
        // Most polls find no wake: a plain load keeps the cache line shared for them.
        self.0.load(Ordering::Relaxed) && self.0.swap(false, Ordering::Acquire)
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Where the polling thread sleeps when it has nothing but time to wait for.
#[derive(Debug)]
pub(crate) struct Parker {
    notified: Mutex<bool>,
    condition: Condvar,
}

impl Parker {
    pub(crate) fn new() -> Self {
        Self {
            notified: Mutex::new(false),
            condition: Condvar::new(),
        }
    }

    /// Sleeps until [`unpark`](Self::unpark) or, at the latest, for `timeout`; may
    /// return early for no reason. An `unpark` since the last `park` ends it at once.
    pub(crate) fn park(&self, timeout: Option<Duration>) {
        let mut notified = self.notified.lock().unwrap_or_else(PoisonError::into_inner);
        if !*notified {
            notified = match timeout {
                Some(timeout) => {
                    let waited = self.condition.wait_timeout(notified, timeout);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => {
                    let waited = self.condition.wait(notified);
                    waited.unwrap_or_else(PoisonError::into_inner)
                }
            };
        }
        *notified = false;
    }

    /// Ends the sleep of the polling thread, now or when it next begins one.
    pub(crate) fn unpark(&self) {
        *self.notified.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.condition.notify_one();
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;
    use loom::thread;

    /// The selector's side: take the flag, and park only when it was not set.
    fn wait_for_wake(flag: &WakeFlag, parker: &Parker) {
        while !flag.take() {
            parker.park(None);
        }
    }

    #[test]
    fn loom_a_wake_before_or_during_the_wait_is_seen() {
        loom::model(|| {
            let shared = Arc::new((WakeFlag::new(), Parker::new()));
            let other = Arc::clone(&shared);
            let waker = thread::spawn(move || {
                other.0.set();
                other.1.unpark();
            });
            // A lost wake-up would leave this parked for ever, which loom reports as a deadlock.
            wait_for_wake(&shared.0, &shared.1);
            waker.join().unwrap();
            assert!(!shared.0.is_set());
        });
    }

    #[test]
    fn loom_two_wakers_merge_and_neither_is_lost() {
        loom::model(|| {
            let shared = Arc::new((WakeFlag::new(), Parker::new()));
            let wakers: Vec<_> = (0..2)
                .map(|_| {
                    let other = Arc::clone(&shared);
                    thread::spawn(move || {
                        other.0.set();
                        other.1.unpark();
                    })
                })
                .collect();
            wait_for_wake(&shared.0, &shared.1);
            for waker in wakers {
                waker.join().unwrap();
            }
            // The second wake came either before the flag was taken (merged) or is still to be seen.
            if shared.0.is_set() {
                wait_for_wake(&shared.0, &shared.1);
            }
        });
    }
}

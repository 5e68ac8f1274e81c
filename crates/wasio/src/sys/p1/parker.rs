//! Where a thread sleeps that has no descriptors to wait for.

use std::sync::PoisonError;
use std::time::Duration;

#[cfg(loom)]
use loom::sync::{Condvar, Mutex};
#[cfg(not(loom))]
use std::sync::{Condvar, Mutex};

/// Sleeps, and can be woken.
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
    use crate::portable::WakeFlag;
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
            // A lost wake-up would leave this parked forever, which loom reports as a deadlock.
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

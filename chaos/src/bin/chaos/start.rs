//! The start of all runs, which is the same for all: their quiet times coincide.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use wasio_chaos::moment;

use crate::shared::lock;

/// The time between telling the guests when the run starts, and the start.
const HEAD_START: Duration = Duration::from_millis(300);

#[derive(Debug)]
pub(crate) struct Start {
    /// How many runs do not have their hosts yet.
    missing: Mutex<usize>,
    changed: Condvar,
    moment: Mutex<Option<(Instant, SystemTime)>>,
}

/// What one run has until its hosts are up. Dropping it lets the others start without this run.
#[derive(Debug)]
pub(crate) struct Ticket<'a>(&'a Start);

impl Start {
    pub(crate) fn new(runs: usize) -> Self {
        Self {
            missing: Mutex::new(runs),
            changed: Condvar::new(),
            moment: Mutex::default(),
        }
    }

    /// The ticket of a run. There is one for each.
    pub(crate) fn ticket(&self) -> Ticket<'_> {
        Ticket(self)
    }
}

impl Ticket<'_> {
    /// Waits until all hosts are up, however long that takes. Returns the start by both clocks, of
    /// which the guests are told the second.
    pub(crate) fn wait(self) -> (Instant, SystemTime) {
        let start = self.0;
        drop(self);
        let mut missing = lock(&start.missing);
        while *missing > 0 {
            missing = start
                .changed
                .wait(missing)
                .unwrap_or_else(PoisonError::into_inner);
        }
        *lock(&start.moment).get_or_insert_with(|| {
            let (instant, system) = moment::now();
            (instant + HEAD_START, system + HEAD_START)
        })
    }
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        *lock(&self.0.missing) -= 1;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    #[test]
    fn all_start_together_and_wait_for_none_that_failed() {
        let start = Start::new(3);
        let tickets = [(); 3].map(|()| start.ticket());
        let before = Instant::now();
        let [first, second, failed] = tickets;
        let (one, other) = thread::scope(|scope| {
            let one = scope.spawn(|| first.wait());
            thread::sleep(Duration::from_millis(50));
            assert!(!one.is_finished());
            drop(failed);
            (second.wait(), one.join().expect("no panic"))
        });
        assert_eq!(one, other);
        assert!(one.0 >= before + Duration::from_millis(50));
    }
}

//! What the program was started with: collected once, and each handed out once.

use std::vec;

use crate::lock::Lock;

/// `None` before the scan.
pub(crate) struct HandOut<T>(Lock<Option<vec::IntoIter<T>>>);

impl<T> HandOut<T> {
    pub(crate) const fn new() -> Self {
        Self(Lock::new(None))
    }

    /// The next one; `None` once all are handed out.
    ///
    /// The first call, and no other, runs `scan`. What is opened later is never among them, though
    /// it may get the number of something that was closed. Other threads wait for the scan.
    pub(crate) fn next(&self, scan: impl FnOnce() -> Vec<T>) -> Option<T> {
        let mut rest = self.0.lock();
        rest.get_or_insert_with(|| scan().into_iter()).next()
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    #[test]
    fn each_is_handed_out_once_in_order() {
        let numbers = HandOut::new();
        let next = || numbers.next(|| vec![3, 5]);
        assert_eq!(
            [next(), next(), next(), next()],
            [Some(3), Some(5), None, None]
        );
    }

    #[test]
    fn what_appears_after_the_first_call_is_never_handed_out() {
        let numbers = HandOut::new();
        assert_eq!(numbers.next(Vec::new), None);
        assert_eq!(numbers.next(|| vec![3]), None);
    }

    #[test]
    fn threads_that_race_share_one_scan() {
        const THREADS: usize = 8;
        let (numbers, scans) = (HandOut::new(), AtomicUsize::new(0));
        let start = Barrier::new(THREADS);
        let scan = || {
            scans.fetch_add(1, Ordering::Relaxed);
            (0..100).collect()
        };
        let take_all = || {
            start.wait();
            std::iter::from_fn(|| numbers.next(scan)).collect::<Vec<_>>()
        };
        let mut taken: Vec<usize> = thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS).map(|_| scope.spawn(take_all)).collect();
            let joined = threads.into_iter().map(|thread| thread.join().unwrap());
            joined.flatten().collect()
        });
        taken.sort_unstable();
        assert_eq!(taken, (0..100).collect::<Vec<_>>());
        assert_eq!(scans.into_inner(), 1);
    }
}

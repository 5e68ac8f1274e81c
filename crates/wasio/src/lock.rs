//! The one lock of the crate.
//!
//! Where there are threads it is the standard library's mutex, left usable by a panic of its holder.
//! Elsewhere it is a cell that makes sure that nothing is borrowed twice.

#[cfg(not(wasio_threads))]
pub(crate) use self::one_thread::{Guard, Lock};
#[cfg(wasio_threads)]
pub(crate) use self::threads::{Guard, Lock};

#[cfg(wasio_threads)]
mod threads {
    use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};

    pub(crate) type Guard<'a, T> = MutexGuard<'a, T>;

    #[derive(Debug, Default)]
    pub(crate) struct Lock<T>(Mutex<T>);

    impl<T> Lock<T> {
        pub(crate) const fn new(inner: T) -> Self {
            Self(Mutex::new(inner))
        }

        pub(crate) fn lock(&self) -> Guard<'_, T> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner)
        }

        /// `None` while it is held.
        pub(crate) fn try_lock(&self) -> Option<Guard<'_, T>> {
            match self.0.try_lock() {
                Ok(guard) => Some(guard),
                Err(TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
                Err(TryLockError::WouldBlock) => None,
            }
        }
    }
}

#[cfg(not(wasio_threads))]
mod one_thread {
    use std::cell::{RefCell, RefMut};

    pub(crate) type Guard<'a, T> = RefMut<'a, T>;

    #[derive(Debug, Default)]
    pub(crate) struct Lock<T>(RefCell<T>);

    const _: () = assert!(
        !cfg!(target_feature = "atomics"),
        "this lock is for one thread"
    );

    #[allow(
        unsafe_code,
        reason = "a static needs `Sync`, and a mutex would cost each poll for nothing"
    )]
    // SAFETY: `Sync` lets other threads use a shared reference. The target has none: `build.rs` sets
    // `wasio_threads` for the targets that have threads, which leaves this module out, and refuses
    // those whose memory may be shared all the same.
    unsafe impl<T: Send> Sync for Lock<T> {}

    impl<T> Lock<T> {
        pub(crate) const fn new(inner: T) -> Self {
            Self(RefCell::new(inner))
        }

        pub(crate) fn lock(&self) -> Guard<'_, T> {
            self.try_lock().unwrap_or_else(|| taken_twice())
        }

        /// `None` while it is held.
        pub(crate) fn try_lock(&self) -> Option<Guard<'_, T>> {
            self.0.try_borrow_mut().ok()
        }
    }

    #[cold]
    fn taken_twice() -> ! {
        panic!("wasio has taken a lock twice: this is a defect")
    }
}

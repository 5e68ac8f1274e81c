//! A cell that is shared by all threads of a program that has one.

use std::cell::OnceCell;
use std::ops::Deref;

const _: () = assert!(
    !cfg!(wasio_threads) && !cfg!(target_feature = "atomics"),
    "`Once` is for one thread"
);

/// What is set once, where there is one thread.
pub(super) struct Once<T>(OnceCell<T>);

// SAFETY: there is one thread, as is asserted above, so no two threads share it.
unsafe impl<T: Send + Sync> Sync for Once<T> {}

impl<T> Once<T> {
    pub(super) const fn new() -> Self {
        Self(OnceCell::new())
    }

    pub(super) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        self.0.get().unwrap_or_else(|| self.init(make()))
    }

    /// One copy, whatever makes the value.
    #[cold]
    fn init(&self, value: T) -> &T {
        self.0.get_or_init(|| value)
    }

    #[cfg(feature = "net")]
    pub(super) fn with(value: T) -> Self {
        Self(OnceCell::from(value))
    }
}

impl<T> Deref for Once<T> {
    type Target = OnceCell<T>;

    fn deref(&self) -> &OnceCell<T> {
        &self.0
    }
}

//! The lock around what more than one thread may use.

#[cfg(all(target_os = "wasi", not(wasio_threads)))]
pub(super) use super::raw::Lock;

/// A lock that a panic of its holder leaves usable.
#[cfg(any(not(target_os = "wasi"), wasio_threads))]
pub(super) struct Lock<T>(std::sync::Mutex<T>);

#[cfg(any(not(target_os = "wasi"), wasio_threads))]
impl<T> Lock<T> {
    pub(super) const fn new(inner: T) -> Self {
        Self(std::sync::Mutex::new(inner))
    }

    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, T> {
        let guard = self.0.lock();
        guard.unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// `None` while somebody holds it.
    pub(super) fn try_lock(&self) -> Option<std::sync::MutexGuard<'_, T>> {
        match self.0.try_lock() {
            Ok(guard) => Some(guard),
            Err(std::sync::TryLockError::Poisoned(poisoned)) => Some(poisoned.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => None,
        }
    }
}

//! Memory that is lent to the host.

use std::ptr::NonNull;

/// A value that the host may read or write while an operation is in flight. No reference to it is
/// made meanwhile, which moving a box would be.
#[derive(Debug)]
pub(super) struct Lent<T>(NonNull<T>);

// SAFETY: it owns its value alone.
unsafe impl<T: Send> Send for Lent<T> {}

impl<T> Lent<T> {
    pub(super) fn new(value: T) -> Self {
        Self(NonNull::from(Box::leak(Box::new(value))))
    }

    /// For the host, until this is dropped or taken back.
    pub(super) const fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }

    /// The value, which the host does not use any more.
    pub(super) fn take_back(self) -> T {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: `new` has leaked the box, and this is not dropped.
        *unsafe { Box::from_raw(this.0.as_ptr()) }
    }
}

impl<T> Drop for Lent<T> {
    fn drop(&mut self) {
        // SAFETY: `new` has leaked the box, and nobody has taken it back.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

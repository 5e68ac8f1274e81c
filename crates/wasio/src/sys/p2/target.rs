//! What a registration waits for, and pollables that are safe to let go of.

use std::num::NonZeroU32;
use std::ops::Deref;
use std::os::fd::RawFd;

use wasip2::io::poll::Pollable;

use super::selector;
use crate::portable::{Direction, Placed};

/// The handle of a pollable. The host numbers them from 1.
pub(crate) type Handle = u32;

/// The host knows nothing of what two pollables are of.
impl Placed for Handle {
    const TAKES_TURNS: bool = false;
}

/// What is registered.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A pollable for each direction; `None` for one that the source does not have, which is
    /// never reported.
    Pollables([Option<NonZeroU32>; 2]),
    /// What wasi-libc made and knows.
    Descriptor(RawFd),
}

impl Target {
    #[cfg(feature = "net")]
    pub(crate) const NONE: Self = Self::Pollables([None, None]);

    pub(crate) fn pollables(read: Option<Handle>, write: Option<Handle>) -> Self {
        Self::Pollables([read, write].map(|handle| NonZeroU32::new(handle?)))
    }

    pub(crate) const fn handle(self, direction: Direction) -> Option<Handle> {
        match self {
            Self::Pollables(handles) => match handles[direction as usize] {
                Some(handle) => Some(handle.get()),
                None => None,
            },
            Self::Descriptor(_) => None,
        }
    }

    /// Whether it stands for this handle.
    pub(super) fn names(self, handle: Handle) -> bool {
        let has = |direction| self.handle(direction) == Some(handle);
        Direction::BOTH.into_iter().any(has)
    }
}

/// What the host said, for `{:#?}` of an event.
#[derive(Copy, Clone, Debug)]
#[allow(
    dead_code,
    reason = "read by `Debug`, which the lint does not count as a use"
)]
pub(crate) enum Record {
    /// The pollable with this handle is ready: the host says no more than that.
    Pollable(Handle),
    /// libc's `poll` found this of a descriptor.
    Descriptor { descriptor: RawFd, found: i16 },
    /// A timer is due, or the waker was used.
    Own,
}

/// Takes a pollable out of every fork of a selector: it is about to go.
pub(crate) fn forget_pollable(handle: Handle) {
    selector::forget_in_forks(handle);
}

/// A pollable that a source owns. When it goes, it leaves every selector that may still name it:
/// the host traps on a handle that is gone.
#[derive(Debug)]
pub(crate) struct Owned(Pollable);

impl Owned {
    pub(crate) fn new(pollable: Pollable) -> Self {
        Self(pollable)
    }
}

impl Deref for Owned {
    type Target = Pollable;

    fn deref(&self) -> &Pollable {
        &self.0
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        // The source left the selector that it was registered with; its forks remain.
        forget_pollable(self.0.handle());
    }
}

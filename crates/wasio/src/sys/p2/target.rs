//! What a registration waits for.

use std::num::NonZeroU32;

use super::host::Handle;
use crate::RawDescriptor;
use crate::portable::hot_cold::HostRecord;
use crate::portable::{Direction, Source};

/// A 0.2 host knows nothing of what two pollables are of.
impl HostRecord for Handle {
    const ROTATES: bool = false;
}

/// What is registered.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A pollable for each direction; `None` for one that the source does not have, which is
    /// never reported.
    Pollables([Option<NonZeroU32>; 2]),
    /// What wasi-libc made and knows.
    Descriptor(RawDescriptor),
}

impl Source for Target {
    const MAY_BE_ALWAYS_READY: bool = false;

    fn descriptor(&self) -> Option<RawDescriptor> {
        match self {
            Self::Pollables(_) => None,
            Self::Descriptor(descriptor) => Some(*descriptor),
        }
    }
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

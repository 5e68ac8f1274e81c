//! What a registration waits for.

use std::num::NonZeroU32;

use crate::RawDescriptor;
use crate::portable::hot_cold::HostRecord;
use crate::portable::{Direction, Source};

/// The handle of a pollable. The host numbers them from 1.
pub(crate) type Handle = u32;

/// The handle of no pollable.
pub(crate) const NO_HANDLE: Handle = 0;

/// A 0.2 host knows nothing of what two pollables are of.
impl HostRecord for Handle {
    const ROTATES: bool = false;
}

/// What is registered.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Pollables {
        /// One for each direction; `None` for one that the source does not have, which is never
        /// reported.
        handles: [Option<NonZeroU32>; 2],
        /// Whether wasio holds something for the program to read, which the host does not know of.
        has_read_ahead: bool,
    },
    /// What wasi-libc made and knows.
    Descriptor(RawDescriptor),
}

impl Source for Target {
    const MAY_BE_ALWAYS_READY: bool = false;

    fn descriptor(&self) -> Option<RawDescriptor> {
        match self {
            Self::Pollables { .. } => None,
            Self::Descriptor(descriptor) => Some(*descriptor),
        }
    }
}

impl Target {
    #[cfg(feature = "net")]
    pub(crate) const NONE: Self = Self::Pollables {
        handles: [None, None],
        has_read_ahead: false,
    };

    pub(crate) fn pollables(read: Option<Handle>, write: Option<Handle>) -> Self {
        Self::Pollables {
            handles: [read, write].map(|handle| NonZeroU32::new(handle?)),
            has_read_ahead: false,
        }
    }

    /// The same source, of which wasio holds something to read or not.
    pub(crate) fn with_read_ahead(mut self, holds_some: bool) -> Self {
        if let Self::Pollables { has_read_ahead, .. } = &mut self {
            *has_read_ahead = holds_some;
        }
        self
    }

    /// Whether a direction is ready whatever the host says.
    pub(super) fn is_ahead(self, direction: Direction) -> bool {
        let is_ahead = matches!(
            self,
            Self::Pollables {
                has_read_ahead: true,
                ..
            }
        );
        is_ahead && direction == Direction::Read
    }

    pub(crate) const fn handle(self, direction: Direction) -> Option<Handle> {
        match self {
            Self::Pollables { handles, .. } => match handles[direction as usize] {
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

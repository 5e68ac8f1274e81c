//! What a registration waits for.

use crate::RawDescriptor;
use crate::portable::{Key, Source};

/// Names a [`Signal`](super::signals::Signal). One that has gone is never ready.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignalId(pub(super) Key);

impl SignalId {
    pub(super) const NONE: Self = Self(Key::NONE);
}

/// What is registered.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Signal(SignalId),
    /// What wasi-libc made and knows.
    Descriptor(RawDescriptor),
}

impl Source for Target {
    const MAY_BE_ALWAYS_READY: bool = false;

    fn descriptor(&self) -> Option<RawDescriptor> {
        match self {
            Self::Signal(_) => None,
            Self::Descriptor(descriptor) => Some(*descriptor),
        }
    }
}

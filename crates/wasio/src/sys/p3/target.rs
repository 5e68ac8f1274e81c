//! What a registration waits for.

use crate::RawDescriptor;
use crate::portable::{Direction, Key, Source};

/// Names a [`Signal`](super::signals::Signal). One that has gone is never ready.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) struct SignalId(pub(super) Key);

/// What is registered.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The signal of each direction; `None` for one that the source does not have, which is never
    /// reported.
    Signals([Option<SignalId>; 2]),
    /// What wasi-libc made and knows.
    Descriptor(RawDescriptor),
}

impl Source for Target {
    const MAY_BE_ALWAYS_READY: bool = false;

    fn descriptor(&self) -> Option<RawDescriptor> {
        match self {
            Self::Signals(_) => None,
            Self::Descriptor(descriptor) => Some(*descriptor),
        }
    }
}

impl Target {
    pub(crate) const fn signal(self, direction: Direction) -> Option<SignalId> {
        match self {
            Self::Signals(signals) => signals[direction as usize],
            Self::Descriptor(_) => None,
        }
    }

    /// The directions that it has, and the signal of each.
    pub(super) fn signals(self) -> impl Iterator<Item = (Direction, SignalId)> {
        let signal = move |direction| Some((direction, self.signal(direction)?));
        Direction::BOTH.into_iter().filter_map(signal)
    }
}

//! The futures that wait for readiness.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::registered::Registered;
use crate::portable::{Direction, Slot};

/// How a future holds what it waits for.
pub(super) trait Held {
    fn registered(&self) -> &Registered;
}

impl Held for &Registered {
    fn registered(&self) -> &Registered {
        self
    }
}

/// Waits for one direction of a source.
pub(super) struct Ready<H: Held> {
    source: H,
    direction: Direction,
    slot: Slot,
}

impl<H: Held> Ready<H> {
    pub(super) fn new(source: H, direction: Direction) -> Self {
        let slot = Slot::default();
        Self {
            source,
            direction,
            slot,
        }
    }

    pub(super) fn poll(&mut self, context: &Context<'_>) -> Poll<io::Result<()>> {
        let registered = self.source.registered();
        registered.poll_slot(self.direction, &mut self.slot, context)
    }
}

impl<H: Held> Drop for Ready<H> {
    fn drop(&mut self) {
        self.source.registered().leave(self.direction, &self.slot);
    }
}

/// Defines a future that waits for one direction.
macro_rules! future {
    ($Name:ident $(<$lifetime:lifetime>)? $(<$T:ident>)?, $Held:ty, $direction:expr, $doc:literal) => {
        #[doc = $doc]
        #[must_use = "a future does nothing until it is awaited"]
        pub struct $Name$(<$lifetime>)?$(<$T: Source>)?(Ready<$Held>);

        impl$(<$lifetime>)?$(<$T: Source>)? $Name$(<$lifetime>)?$(<$T>)? {
            pub(super) fn new(source: $Held) -> Self {
                Self(Ready::new(source, $direction))
            }
        }

        impl$(<$lifetime>)?$(<$T: Source>)? Future for $Name$(<$lifetime>)?$(<$T>)? {
            type Output = io::Result<()>;

            fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
                self.0.poll(context)
            }
        }

        impl$(<$lifetime>)?$(<$T: Source>)? fmt::Debug for $Name$(<$lifetime>)?$(<$T>)? {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($Name)).finish_non_exhaustive()
            }
        }
    };
}

pub(super) use future;

future!(
    Readable<'a>,
    &'a Registered,
    Direction::Read,
    "Waits until a source is readable. Made by [`Async::readable`](super::Async::readable)."
);
future!(
    Writable<'a>,
    &'a Registered,
    Direction::Write,
    "Waits until a source is writable. Made by [`Async::writable`](super::Async::writable)."
);

//! The futures that wait for readiness.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::registered::Registered;
use crate::portable::{Direction, Slot};

/// Waits for one direction of a source.
struct Ready<'a> {
    registered: &'a Registered,
    direction: Direction,
    slot: Slot,
}

impl Drop for Ready<'_> {
    fn drop(&mut self) {
        self.registered.leave(self.direction, &self.slot);
    }
}

macro_rules! future {
    ($name:ident, $direction:expr, $doc:literal) => {
        #[doc = $doc]
        #[must_use = "a future does nothing until it is awaited"]
        pub struct $name<'a>(Ready<'a>);

        impl<'a> $name<'a> {
            pub(super) fn new(registered: &'a Registered) -> Self {
                let slot = Slot::default();
                Self(Ready {
                    registered,
                    direction: $direction,
                    slot,
                })
            }
        }

        impl Future for $name<'_> {
            type Output = io::Result<()>;

            fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
                let ready = &mut self.0;
                let (direction, slot) = (ready.direction, &mut ready.slot);
                ready.registered.poll_slot(direction, slot, context)
            }
        }

        impl fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    };
}

future!(
    Readable,
    Direction::Read,
    "Waits until a source is readable. Made by [`Async::readable`](super::Async::readable)."
);
future!(
    Writable,
    Direction::Write,
    "Waits until a source is writable. Made by [`Async::writable`](super::Async::writable)."
);

//! The futures that wait for readiness and borrow nothing.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::io::Async;
use super::ready::{Held, Ready, future};
use super::registered::Registered;
use crate::event::Source;
use crate::portable::Direction;

impl<T: Source> Held for Arc<Async<T>> {
    fn registered(&self) -> &Registered {
        &self.registered
    }
}

impl<T: Source> Async<T> {
    /// As [`readable`](Self::readable), as a future that borrows nothing.
    pub fn readable_owned(self: Arc<Self>) -> ReadableOwned<T> {
        ReadableOwned::new(self)
    }

    /// As [`writable`](Self::writable), as a future that borrows nothing.
    pub fn writable_owned(self: Arc<Self>) -> WritableOwned<T> {
        WritableOwned::new(self)
    }
}

future!(
    ReadableOwned<T>,
    Arc<Async<T>>,
    Direction::Read,
    "Waits until a source is readable. Made by \
     [`Async::readable_owned`](super::Async::readable_owned)."
);
future!(
    WritableOwned<T>,
    Arc<Async<T>>,
    Direction::Write,
    "Waits until a source is writable. Made by \
     [`Async::writable_owned`](super::Async::writable_owned)."
);

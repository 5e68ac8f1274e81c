//! The streams that connect, by the pollable of the connect, for the wait: see `settle.rs`.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use crate::Interest;
use crate::lock::Lock;
use crate::sys::imp::host::Handle;
use crate::sys::imp::owned::Owned;
use crate::sys::imp::target::Target;
use wasio_bindings::p2::Pollable;

/// A stream that connects.
pub(super) trait Connecting: Send + Sync {
    /// Takes the result of the connect. `None` if there is no connection.
    fn connected(&self, interest: Interest) -> Option<Target>;

    /// Drops the pollable of the connect, unless a fork may still wait for it.
    fn release(&self);
}

/// The pollable of a connect, which leaves the list when it is dropped.
pub(super) struct Ended(Owned);

static STREAMS: Lock<BTreeMap<Handle, Weak<dyn Connecting>>> = Lock::new(BTreeMap::new());

impl Ended {
    pub(super) fn new(pollable: Pollable) -> Self {
        Self(Owned::new(pollable))
    }

    pub(super) fn handle(&self) -> Handle {
        self.0.handle()
    }
}

impl Drop for Ended {
    fn drop(&mut self) {
        STREAMS.lock().remove(&self.handle());
    }
}

/// Has waits take the result of a connect, whose pollable has this handle.
pub(super) fn add(handle: Handle, stream: Weak<dyn Connecting>) {
    STREAMS.lock().insert(handle, stream);
}

pub(in crate::sys::imp) fn has_any() -> bool {
    !STREAMS.lock().is_empty()
}

/// Takes the result of the connect that has this pollable. `None` if there is no connection.
pub(in crate::sys::imp) fn connected(handle: Handle, interest: Interest) -> Option<Target> {
    stream(handle)?.connected(interest)
}

/// Drops the pollable of a connect, unless a fork may still wait for it.
pub(in crate::sys::imp) fn release(handle: Handle) {
    if let Some(stream) = stream(handle) {
        stream.release();
    }
}

fn stream(handle: Handle) -> Option<Arc<dyn Connecting>> {
    STREAMS.lock().get(&handle)?.upgrade()
}

//! What a registered source keeps: the selector and the key.

use std::io;

use crate::Registry;
use crate::portable::Key;
use crate::sys::{self, Backend, refused};

/// A registration of a descriptor that ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Registration {
    selector: sys::Selector,
    key: Key,
}

impl Registration {
    pub(crate) fn selector(&self) -> &sys::Selector {
        &self.selector
    }

    pub(crate) fn key(&self) -> Key {
        self.key
    }
}

impl Drop for Registration {
    #[inline(never)]
    fn drop(&mut self) {
        // It is gone only if somebody deregistered the descriptor through the selector.
        self.selector.leave(self.key);
    }
}

/// `Source::register` of an edge-triggered source; `enter` registers it with the selector.
pub(crate) fn register(
    slot: &mut Option<Registration>,
    registry: &Registry,
    enter: impl FnOnce(&sys::Selector) -> io::Result<Key>,
) -> io::Result<()> {
    if slot.is_some() {
        return Err(already_registered());
    }
    let selector = registry.selector().inner();
    let key = enter(selector)?;
    *slot = Some(Registration {
        selector: selector.clone(),
        key,
    });
    Ok(())
}

/// `Source::reregister` of an edge-triggered source; `renew` does it with the selector.
pub(crate) fn reregister(
    slot: &Option<Registration>,
    registry: &Registry,
    renew: impl FnOnce(&sys::Selector, Key) -> io::Result<()>,
) -> io::Result<()> {
    let registration = slot.as_ref().ok_or_else(not_registered)?;
    check_same(&registration.selector, registry)?;
    renew(&registration.selector, registration.key)
}

/// `Source::deregister` of an edge-triggered source.
pub(crate) fn deregister(slot: &mut Option<Registration>, registry: &Registry) -> io::Result<()> {
    let registration = slot.as_ref().ok_or_else(not_registered)?;
    if !is_of(&registration.selector, registry) {
        return Err(not_registered());
    }
    let result = registration.selector.deregister(registration.key);
    *slot = None;
    result
}

/// That a source stays with the registry it was registered with.
pub(crate) fn check_same(selector: &sys::Selector, registry: &Registry) -> io::Result<()> {
    if is_of(selector, registry) {
        return Ok(());
    }
    Err(registered_elsewhere())
}

/// Whether a selector is the one of that registry.
fn is_of(selector: &sys::Selector, registry: &Registry) -> bool {
    selector.id() == registry.selector().inner().id()
}

#[cold]
fn registered_elsewhere() -> io::Error {
    refused(
        io::ErrorKind::AlreadyExists,
        "the source is registered with another `Registry`: deregister it there first",
    )
}

#[cold]
pub(crate) fn already_registered() -> io::Error {
    refused(
        io::ErrorKind::AlreadyExists,
        "the source is registered already: use `reregister` to change its token or interests",
    )
}

#[cold]
#[inline(never)]
pub(crate) fn not_registered() -> io::Error {
    refused(
        io::ErrorKind::NotFound,
        "the source is not registered with this `Registry`",
    )
}

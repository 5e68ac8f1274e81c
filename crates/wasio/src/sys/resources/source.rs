//! Sources that are made of what the host has: pollables on WASI 0.2, operations on 0.3.

use std::io;

#[cfg(feature = "net")]
use super::net::Descriptor;
use crate::portable::Key;
use crate::registration::{self, Registration};
use crate::sys::imp::Selector;
use crate::sys::imp::target::Target;
use crate::{Interest, Mode, Registry, Token};

/// What an `IoSource` of a backend's own type needs to be registered.
pub(crate) trait HostSource {
    /// What to wait for. From here on there is a pollable for each direction of the interest, or an
    /// operation in flight unless it is ready. A direction that has no interest costs the host
    /// nothing.
    fn target(&self, interest: Interest) -> Target;

    /// The descriptor, for a source that may be one. Registering it is linked with it.
    #[cfg(feature = "net")]
    fn std_socket(&self) -> Option<&dyn Descriptor> {
        None
    }
}

// One copy of each, whatever the source.

/// `Source::register`.
#[inline(never)]
pub(crate) fn register(
    source: &dyn HostSource,
    slot: &mut Option<Registration>,
    registry: &Registry,
    token: Token,
    interests: Interest,
) -> io::Result<()> {
    let selector = registration::selector_for(slot, registry)?;
    let key = register_with(selector, source, token, interests)?;
    *slot = Some(Registration::new(selector, key));
    Ok(())
}

fn register_with(
    selector: &Selector,
    source: &dyn HostSource,
    token: Token,
    interests: Interest,
) -> io::Result<Key> {
    #[cfg(feature = "net")]
    if let Some(descriptor) = source.std_socket() {
        return descriptor.register(selector, token, interests);
    }
    selector.register_source(source.target(interests), token, interests, Mode::Edge)
}

/// `Source::reregister`.
#[inline(never)]
pub(crate) fn reregister(
    source: &dyn HostSource,
    slot: &Option<Registration>,
    registry: &Registry,
    token: Token,
    interests: Interest,
) -> io::Result<()> {
    let registration = registration::current(slot, registry)?;
    let (selector, key) = (registration.selector(), registration.key());
    // First: what is armed next must be there.
    selector.set_source(key, source.target(interests));
    selector.reregister(key, token, interests, Mode::Edge)
}

/// Makes an `IoSource` of a type with [`HostSource`] a source.
macro_rules! host_source {
    ($source:ty) => {
        impl crate::event::Source for crate::IoSource<$source> {
            fn register(
                &mut self,
                registry: &crate::Registry,
                token: crate::Token,
                interests: crate::Interest,
            ) -> std::io::Result<()> {
                let (source, slot) = self.parts();
                $crate::sys::resources::source::register(source, slot, registry, token, interests)
            }

            fn reregister(
                &mut self,
                registry: &crate::Registry,
                token: crate::Token,
                interests: crate::Interest,
            ) -> std::io::Result<()> {
                let (source, slot) = self.parts();
                $crate::sys::resources::source::reregister(source, slot, registry, token, interests)
            }

            fn deregister(&mut self, registry: &crate::Registry) -> std::io::Result<()> {
                let (_, slot) = self.parts();
                $crate::registration::deregister(slot, registry)
            }
        }
    };
}

pub(crate) use host_source;

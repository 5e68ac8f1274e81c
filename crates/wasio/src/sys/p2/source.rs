//! Sources that are made of pollables.

use std::io;

use super::selector::Selector;
use super::target::Target;
use crate::portable::Key;
use crate::sys::Backend;
use crate::{Interest, Mode, Token};

/// What an `IoSource` of a backend's own type needs to be registered.
pub(crate) trait Pollables {
    /// What to wait for. Pollables are made when they are first asked for: a direction that
    /// nobody is interested in costs the host nothing.
    fn target(&self, interest: Interest) -> Target;

    /// Enters it into a selector. A source that may be a descriptor has its own way.
    fn enter(&self, selector: &Selector, token: Token, interests: Interest) -> io::Result<Key> {
        selector.register_pollables(self.target(interests), token, interests, Mode::Edge)
    }

    /// The registration, for a source whose pollables change.
    fn set_registration(&self, _registration: Option<(Selector, Key)>) {}
}

/// Enters a source into a selector.
pub(crate) fn register(
    source: &impl Pollables,
    selector: &Selector,
    token: Token,
    interests: Interest,
) -> io::Result<Key> {
    let key = source.enter(selector, token, interests)?;
    source.set_registration(Some((selector.clone(), key)));
    Ok(key)
}

/// Changes what a source is registered for.
pub(crate) fn reregister(
    source: &impl Pollables,
    selector: &Selector,
    key: Key,
    token: Token,
    interests: Interest,
) -> io::Result<()> {
    // First: what is armed next must be there.
    selector.replace_target(key, source.target(interests));
    selector.reregister(key, token, interests, Mode::Edge)
}

/// Makes an `IoSource` of a type with [`Pollables`] a source.
macro_rules! pollable_source {
    ($source:ty) => {
        impl crate::event::Source for crate::IoSource<$source> {
            fn register(
                &mut self,
                registry: &crate::Registry,
                token: crate::Token,
                interests: crate::Interest,
            ) -> std::io::Result<()> {
                self.register_by(registry, |source, selector| {
                    $crate::sys::imp::source::register(source, selector, token, interests)
                })
            }

            fn reregister(
                &mut self,
                registry: &crate::Registry,
                token: crate::Token,
                interests: crate::Interest,
            ) -> std::io::Result<()> {
                self.reregister_by(registry, |source, selector, key| {
                    $crate::sys::imp::source::reregister(source, selector, key, token, interests)
                })
            }

            fn deregister(&mut self, registry: &crate::Registry) -> std::io::Result<()> {
                self.deregister_by(registry)?;
                $crate::sys::imp::source::Pollables::set_registration(&**self, None);
                Ok(())
            }
        }
    };
}

pub(crate) use pollable_source;

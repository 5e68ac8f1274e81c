use std::io;

use crate::{Interest, Registry, Token};

/// Something a [`Registry`] can wait for.
///
/// Programs do not call these methods: they pass the source to
/// [`Registry::register`], [`Registry::reregister`] and [`Registry::deregister`].
///
/// # Implementing `Source`
///
/// A type built of wasio's sources passes the three calls on. A type of its own
/// registers a descriptor: through [`IoSource`](crate::IoSource) when it does the
/// I/O itself (edge-triggered), or through
/// [`Registry::selector`] when somebody else does (level-triggered).
///
/// ```
/// use std::io;
/// use wasio::{event::Source, time::Timer, Interest, Registry, Token};
///
/// struct Heartbeat {
///     timer: Timer,
/// }
///
/// impl Source for Heartbeat {
///     fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
///         self.timer.register(registry, token, interests)
///     }
///     fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
///         self.timer.reregister(registry, token, interests)
///     }
///     fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
///         self.timer.deregister(registry)
///     }
/// }
/// ```
pub trait Source {
    /// Registers `self` with `registry` under `token`.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if it is registered.
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()>;

    /// Replaces token and interests, and arms each direction asked for.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if it is not registered,
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists) if it is with another registry.
    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()>;

    /// Takes `self` out of `registry`. No event of it is delivered afterwards.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound) if it is not registered.
    fn deregister(&mut self, registry: &Registry) -> io::Result<()>;
}

impl<T: Source + ?Sized> Source for Box<T> {
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        (**self).register(registry, token, interests)
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        (**self).reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        (**self).deregister(registry)
    }
}

/// A source that passes the three calls on to one of its fields.
macro_rules! source_by_field {
    ($source:ty, $field:tt) => {
        impl crate::event::Source for $source {
            fn register(
                &mut self,
                registry: &crate::Registry,
                token: crate::Token,
                interests: crate::Interest,
            ) -> std::io::Result<()> {
                self.$field.register(registry, token, interests)
            }

            fn reregister(
                &mut self,
                registry: &crate::Registry,
                token: crate::Token,
                interests: crate::Interest,
            ) -> std::io::Result<()> {
                self.$field.reregister(registry, token, interests)
            }

            fn deregister(&mut self, registry: &crate::Registry) -> std::io::Result<()> {
                self.$field.deregister(registry)
            }
        }
    };
}
pub(crate) use source_by_field;

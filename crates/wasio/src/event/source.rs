use std::io;

use crate::{Interest, Registry, Token};

/// Something that can be registered with a [`Registry`].
///
/// Do not call these methods directly. Pass the source to [`Registry::register`],
/// [`Registry::reregister`] and [`Registry::deregister`].
///
/// # Implementing `Source`
///
/// A type that contains a source forwards the three calls to it, as below. Any other type registers
/// a descriptor. If it does the I/O itself, it uses [`IoSource`](crate::IoSource), which is
/// edge-triggered. If other code does the I/O, it uses [`Registry::selector`], level-triggered.
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
///     fn register(
///         &mut self,
///         registry: &Registry,
///         token: Token,
///         interests: Interest,
///     ) -> io::Result<()> {
///         self.timer.register(registry, token, interests)
///     }
///     fn reregister(
///         &mut self,
///         registry: &Registry,
///         token: Token,
///         interests: Interest,
///     ) -> io::Result<()> {
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
    /// [`AlreadyExists`](io::ErrorKind::AlreadyExists): it is already registered.
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()>;

    /// Replaces the token and the interests, and arms each direction in `interests`.
    ///
    /// # Errors
    ///
    /// * [`NotFound`](io::ErrorKind::NotFound): it is not registered.
    /// * [`AlreadyExists`](io::ErrorKind::AlreadyExists): it is registered with another registry.
    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()>;

    /// Removes `self` from `registry`. No event of it is returned afterwards.
    ///
    /// # Errors
    ///
    /// [`NotFound`](io::ErrorKind::NotFound): it is not registered with `registry`.
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

/// Implements `Source` by forwarding the three calls to a field. `readable` says that it becomes
/// nothing else, and names its kind. `then` names a method that is called after it was registered
/// or reregistered.
macro_rules! source_by_field {
    ($source:ty, $field:tt $(, readable $kind:literal)? $(, then $after:ident)?) => {
        impl crate::event::Source for $source {
            fn register(
                &mut self,
                registry: &crate::Registry,
                token: crate::Token,
                interests: crate::Interest,
            ) -> std::io::Result<()> {
                $(let interests = interests.check_readable($kind)?;)?
                self.$field.register(registry, token, interests)?;
                $(self.$after();)?
                Ok(())
            }

            fn reregister(
                &mut self,
                registry: &crate::Registry,
                token: crate::Token,
                interests: crate::Interest,
            ) -> std::io::Result<()> {
                $(let interests = interests.check_readable($kind)?;)?
                self.$field.reregister(registry, token, interests)?;
                $(self.$after();)?
                Ok(())
            }

            fn deregister(&mut self, registry: &crate::Registry) -> std::io::Result<()> {
                self.$field.deregister(registry)
            }
        }
    };
}
pub(crate) use source_by_field;

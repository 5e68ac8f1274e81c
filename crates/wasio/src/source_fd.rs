use std::io;
use std::os::fd::RawFd;

use crate::{Interest, Registry, Token, event};

/// Registers a descriptor that somebody else owns, level-triggered: wasio does not see
/// its I/O, so each poll reports it for as long as it is ready.
///
/// The descriptor must be non-blocking, stay open while it is registered, and be deregistered before it is
/// closed. For one event a registration use
/// [`Selector::register_with`](crate::Selector::register_with) and [`Mode::Oneshot`](crate::Mode::Oneshot).
///
/// # Platform behaviour
///
/// Unix and WASI. What the host cannot wait for (regular files, on most) counts as
/// always ready, as with `poll(2)`. On WASI 0.2 a descriptor is one of libc's, and is waited for with its `poll`: in slices
/// of 1 to 10 ms in turn with what else is registered, unless there are only descriptors.
///
/// # Examples
///
/// ```
/// # #[cfg(unix)]
/// # fn main() -> std::io::Result<()> {
/// use std::io::Write;
/// use std::os::fd::AsRawFd;
/// use std::os::unix::net::UnixStream;
/// use wasio::{Events, Interest, Poll, SourceFd, Token};
///
/// let (ours, mut theirs) = UnixStream::pair()?;
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// let descriptor = ours.as_raw_fd();
/// poll.registry().register(&mut SourceFd(&descriptor), Token(0), Interest::READABLE)?;
///
/// theirs.write_all(b"x")?;
/// for _ in 0..2 {
///     // Nothing was read: it is still ready.
///     poll.poll(&mut events, None)?;
///     assert!(events.iter().next().unwrap().is_readable());
/// }
/// poll.registry().deregister(&mut SourceFd(&descriptor))?;
/// # Ok(())
/// # }
/// # #[cfg(not(unix))]
/// # fn main() {}
/// ```
#[derive(Debug)]
pub struct SourceFd<'a>(pub &'a RawFd);

impl event::Source for SourceFd<'_> {
    fn register(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        registry.selector().register(*self.0, token, interests)
    }

    fn reregister(
        &mut self,
        registry: &Registry,
        token: Token,
        interests: Interest,
    ) -> io::Result<()> {
        registry.selector().reregister(*self.0, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        registry.selector().deregister(*self.0)
    }
}

use std::io;
use std::os::fd::RawFd;

use crate::{Interest, Registry, Token, event};

/// A descriptor that is owned elsewhere, as a level-triggered source.
///
/// wasio does not see the I/O on it, so each poll reports it for as long as it is ready. For one
/// event per registration use [`Selector::register_with`](crate::Selector::register_with) and
/// [`Mode::Oneshot`](crate::Mode::Oneshot).
///
/// The descriptor must be non-blocking. Keep it open while it is registered, and deregister it
/// before it is closed.
///
/// # Platform behaviour
///
/// * Available on Unix and WASI.
/// * A source that the host cannot wait for, such as a regular file on most hosts, counts as always
///   ready, as with `poll(2)`.
/// * WASI 0.2: the descriptor is one of libc, and libc's `poll` waits for it. If sources that are
///   not descriptors are registered too, the two waits alternate in slices of 1 to 10 ms.
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
///     // Nothing was read, so it is still ready.
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

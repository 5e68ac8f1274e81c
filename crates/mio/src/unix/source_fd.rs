use std::io;
use std::os::fd::RawFd;

use wasio::Mode;

use crate::{Interest, Registry, Token, event};

/// Registers a descriptor that somebody else owns, edge-triggered: after an event,
/// the next comes when the operating system sees new readiness.
///
/// Read or write until `WouldBlock`, then poll again. The descriptor must be non-blocking, stay
/// open while it is registered, and be deregistered before it is closed.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::io::Write;
/// use std::os::fd::AsRawFd;
/// use std::time::Duration;
/// use mio::unix::SourceFd;
/// use mio::{Events, Interest, Poll, Token};
///
/// let (reader, mut writer) = std::io::pipe()?;
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// let descriptor = reader.as_raw_fd();
/// poll.registry().register(&mut SourceFd(&descriptor), Token(0), Interest::READABLE)?;
///
/// writer.write_all(b"x")?;
/// poll.poll(&mut events, None)?;
/// assert!(events.iter().next().unwrap().is_readable());
/// // Nothing was read, and nothing new has come.
/// poll.poll(&mut events, Some(Duration::from_millis(1)))?;
/// assert!(events.is_empty());
/// poll.registry().deregister(&mut SourceFd(&descriptor))?;
/// # Ok(())
/// # }
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
        let selector = registry.selector();
        selector.register_with(*self.0, token, interests, Mode::Edge)
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

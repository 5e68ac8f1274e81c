use std::fmt;
use std::io;
use std::time::Duration;

use crate::{Events, Registry};

/// Waits until sources are ready, and reports which.
///
/// It is [`wasio::Poll`], except that a signal ends a wait, as in mio.
pub struct Poll {
    inner: wasio::Poll,
}

impl Poll {
    /// Creates a `Poll` with no sources.
    ///
    /// # Errors
    ///
    /// Those of [`wasio::Poll::new`].
    pub fn new() -> io::Result<Self> {
        let inner = wasio::Poll::builder().interruptible(true).build()?;
        Ok(Self { inner })
    }

    /// Returns the registry, which sources are registered with.
    #[must_use]
    pub fn registry(&self) -> &Registry {
        self.inner.registry()
    }

    /// Waits as [`wasio::Poll::poll`] does.
    ///
    /// # Errors
    ///
    /// Those of [`wasio::Poll::poll`], and [`Interrupted`](io::ErrorKind::Interrupted) on Unix when
    /// a signal was handled during the wait.
    pub fn poll(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        #[cfg(all(target_os = "wasi", target_env = "p2", feature = "net"))]
        crate::net::descriptor::close_unreachable();
        self.inner.poll(events, timeout)
    }
}

impl fmt::Debug for Poll {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[cfg(unix)]
mod descriptor {
    use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

    use super::Poll;

    impl AsFd for Poll {
        fn as_fd(&self) -> BorrowedFd<'_> {
            self.inner.as_fd()
        }
    }

    impl AsRawFd for Poll {
        fn as_raw_fd(&self) -> RawFd {
            self.inner.as_raw_fd()
        }
    }
}

//! The standard streams, without setting `O_NONBLOCK`.
//!
//! The flag belongs to the open file, which the shell and other programs share, so setting it would
//! break them. Instead each operation first polls with a zero timeout whether it would block.

#[cfg(unix)]
pub(crate) use self::unix::{Stream as Stdin, Stream as Output};
#[cfg(windows)]
pub(crate) use self::windows::{Never as Stdin, Never as Output};

#[cfg(unix)]
mod unix {
    use std::io;
    use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;
    use rustix::pipe::PIPE_BUF;

    /// Standard input, standard output or standard error: descriptor 0, 1 or 2.
    #[derive(Debug)]
    pub(crate) struct Stream(BorrowedFd<'static>);

    impl Stream {
        /// Standard input. Fails if descriptor 0 is closed.
        pub(crate) fn new() -> io::Result<Self> {
            Self::of(rustix::stdio::stdin())
        }

        /// Fails if descriptor 1 is closed.
        pub(crate) fn stdout() -> io::Result<Self> {
            Self::of(rustix::stdio::stdout())
        }

        /// Fails if descriptor 2 is closed.
        pub(crate) fn stderr() -> io::Result<Self> {
            Self::of(rustix::stdio::stderr())
        }

        fn of(descriptor: BorrowedFd<'static>) -> io::Result<Self> {
            rustix::io::fcntl_getfd(descriptor)?;
            Ok(Self(descriptor))
        }

        /// `_reported` is not needed here: a zero-timeout poll is cheap and exact.
        pub(crate) fn read(&self, buffer: &mut [u8], _reported: bool) -> io::Result<usize> {
            check_ready(self.0, PollFlags::IN)?;
            Ok(rustix::io::retry_on_intr(|| {
                rustix::io::read(self.0, &mut *buffer)
            })?)
        }

        /// Writes until all is written or the output would block. A short write therefore means
        /// that the output would block now.
        pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
            let mut written = 0;
            loop {
                match write_chunk(self.0, &bytes[written..]) {
                    Ok(0) => return Ok(written),
                    Ok(more) => written += more,
                    // The next call returns the error again.
                    Err(_) if written > 0 => return Ok(written),
                    Err(error) => return Err(error),
                }
                if written == bytes.len() {
                    return Ok(written);
                }
            }
        }

        /// A write returns once the host has the bytes.
        pub(crate) const fn has_unsent(&self) -> io::Result<bool> {
            Ok(false)
        }

        pub(crate) const fn wait_until_sent(&self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Writes at most `PIPE_BUF` bytes. A writable pipe has room for that many; a larger write
    /// could block until the reader has made room.
    fn write_chunk(output: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
        check_ready(output, PollFlags::OUT)?;
        let chunk = &bytes[..bytes.len().min(PIPE_BUF)];
        Ok(rustix::io::retry_on_intr(|| {
            rustix::io::write(output, chunk)
        })?)
    }

    impl AsRawFd for Stream {
        fn as_raw_fd(&self) -> RawFd {
            self.0.as_raw_fd()
        }
    }

    /// Returns `WouldBlock` unless the operation would return at once, with bytes, the end of the
    /// stream or an error.
    fn check_ready(descriptor: BorrowedFd<'_>, direction: PollFlags) -> io::Result<()> {
        let mut fds = [PollFd::from_borrowed_fd(descriptor, direction)];
        let no_wait = Timespec::default();
        rustix::io::retry_on_intr(|| poll(&mut fds, Some(&no_wait)))?;
        let ready = fds[0].revents();
        if ready.contains(PollFlags::NVAL) {
            return Err(Errno::BADF.into());
        }
        if ready.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(())
    }
}

#[cfg(windows)]
mod windows {
    use std::convert::Infallible;
    use std::io;
    use std::os::windows::io::{AsRawSocket, RawSocket};

    /// A standard stream. Never created: a selector for sockets cannot wait for it.
    #[derive(Debug)]
    pub(crate) struct Never(Infallible);

    impl Never {
        pub(crate) fn new() -> io::Result<Self> {
            Err(unsupported())
        }

        pub(crate) fn stdout() -> io::Result<Self> {
            Err(unsupported())
        }

        pub(crate) fn stderr() -> io::Result<Self> {
            Err(unsupported())
        }

        pub(crate) fn read(&self, _buffer: &mut [u8], _reported: bool) -> io::Result<usize> {
            match self.0 {}
        }

        pub(crate) fn write(&self, _bytes: &[u8]) -> io::Result<usize> {
            match self.0 {}
        }

        pub(crate) const fn has_unsent(&self) -> io::Result<bool> {
            match self.0 {}
        }

        pub(crate) const fn wait_until_sent(&self) -> io::Result<()> {
            match self.0 {}
        }
    }

    impl AsRawSocket for Never {
        fn as_raw_socket(&self) -> RawSocket {
            match self.0 {}
        }
    }

    fn unsupported() -> io::Error {
        io::Error::new(
            io::ErrorKind::Unsupported,
            "standard streams are not supported on Windows, which waits for sockets only: \
             use them on a separate thread and wake the poll with a `Waker`",
        )
    }
}

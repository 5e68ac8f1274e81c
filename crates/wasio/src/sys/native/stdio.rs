//! Standard input and output, without making them non-blocking.
//!
//! `O_NONBLOCK` belongs to the open file, which the shell and other programs share: setting it
//! breaks theirs. So each operation first asks, with a timeout of zero, whether it would block.

#[cfg(unix)]
pub(crate) use self::unix::{Stdin, Stdout};
#[cfg(windows)]
pub(crate) use self::windows::{Stdin, Stdout};

#[cfg(unix)]
mod unix {
    use std::io;
    use std::os::fd::{AsFd, AsRawFd, RawFd};

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;
    use rustix::pipe::PIPE_BUF;

    /// Standard input: descriptor 0.
    #[derive(Debug)]
    pub(crate) struct Stdin(());

    /// Standard output: descriptor 1.
    #[derive(Debug)]
    pub(crate) struct Stdout(());

    impl Stdin {
        /// An error if descriptor 0 is closed.
        pub(crate) fn new() -> io::Result<Self> {
            rustix::io::fcntl_getfd(rustix::stdio::stdin())?;
            Ok(Self(()))
        }

        /// `_reported` is of use where asking is expensive or unreliable: neither here.
        pub(crate) fn read(&self, buffer: &mut [u8], _reported: bool) -> io::Result<usize> {
            let input = rustix::stdio::stdin();
            check_ready(input, PollFlags::IN)?;
            Ok(rustix::io::retry_on_intr(|| {
                rustix::io::read(input, &mut *buffer)
            })?)
        }
    }

    impl Stdout {
        /// An error if descriptor 1 is closed.
        pub(crate) fn new() -> io::Result<Self> {
            rustix::io::fcntl_getfd(rustix::stdio::stdout())?;
            Ok(Self(()))
        }

        /// Writes until the output takes no more, so that less than all means just that.
        pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
            let mut written = 0;
            loop {
                match write_chunk(&bytes[written..]) {
                    Ok(0) => return Ok(written),
                    Ok(more) => written += more,
                    // The next call says so again.
                    Err(_) if written > 0 => return Ok(written),
                    Err(error) => return Err(error),
                }
                if written == bytes.len() {
                    return Ok(written);
                }
            }
        }
    }

    /// Writes `PIPE_BUF` bytes at most: a pipe that is writable has room for so many, and a
    /// blocking write of more could wait for its reader.
    fn write_chunk(bytes: &[u8]) -> io::Result<usize> {
        let output = rustix::stdio::stdout();
        check_ready(output, PollFlags::OUT)?;
        let chunk = &bytes[..bytes.len().min(PIPE_BUF)];
        Ok(rustix::io::retry_on_intr(|| {
            rustix::io::write(output, chunk)
        })?)
    }

    impl AsRawFd for Stdin {
        fn as_raw_fd(&self) -> RawFd {
            rustix::stdio::stdin().as_raw_fd()
        }
    }

    impl AsRawFd for Stdout {
        fn as_raw_fd(&self) -> RawFd {
            rustix::stdio::stdout().as_raw_fd()
        }
    }

    /// `WouldBlock` unless the operation would return at once: with bytes, the end or an error.
    fn check_ready(descriptor: impl AsFd, direction: PollFlags) -> io::Result<()> {
        let mut asked = [PollFd::from_borrowed_fd(descriptor.as_fd(), direction)];
        let at_once = Timespec::default();
        rustix::io::retry_on_intr(|| poll(&mut asked, Some(&at_once)))?;
        let found = asked[0].revents();
        if found.contains(PollFlags::NVAL) {
            return Err(Errno::BADF.into());
        }
        if found.is_empty() {
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

    /// Standard input: there is none that a socket's selector could wait for.
    #[derive(Debug)]
    pub(crate) struct Stdin(Infallible);

    /// Standard output: there is none that a socket's selector could wait for.
    #[derive(Debug)]
    pub(crate) struct Stdout(Infallible);

    impl Stdin {
        pub(crate) fn new() -> io::Result<Self> {
            Err(unsupported())
        }

        pub(crate) fn read(&self, _buffer: &mut [u8], _reported: bool) -> io::Result<usize> {
            match self.0 {}
        }
    }

    impl Stdout {
        pub(crate) fn new() -> io::Result<Self> {
            Err(unsupported())
        }

        pub(crate) fn write(&self, _bytes: &[u8]) -> io::Result<usize> {
            match self.0 {}
        }
    }

    impl AsRawSocket for Stdin {
        fn as_raw_socket(&self) -> RawSocket {
            match self.0 {}
        }
    }

    impl AsRawSocket for Stdout {
        fn as_raw_socket(&self) -> RawSocket {
            match self.0 {}
        }
    }

    fn unsupported() -> io::Error {
        io::Error::new(
            io::ErrorKind::Unsupported,
            "Windows waits for sockets only: read standard input on a thread of its own \
             and wake the poll with a `Waker`",
        )
    }
}

//! Pipes, and the standard streams of child processes.

use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::OwnedFd;
use std::process::{ChildStderr, ChildStdin, ChildStdout};

use wasio::{Interest, IoSource};

use crate::source::{descriptor, reads, source, writes};

/// A pipe: what is written to the [`Sender`] is read from the [`Receiver`]. Both are
/// non-blocking, and closed in child processes.
///
/// # Errors
///
/// What the operating system says: too many open files, for instance.
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// use std::io::{Read, Write};
/// use mio::unix::pipe;
/// use mio::{Events, Interest, Poll, Token};
///
/// let (mut sender, mut receiver) = pipe::new()?;
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// poll.registry().register(&mut receiver, Token(0), Interest::READABLE)?;
///
/// sender.write_all(b"hello")?;
/// poll.poll(&mut events, None)?;
/// let mut buffer = [0; 16];
/// assert_eq!(receiver.read(&mut buffer)?, 5);
/// # Ok(())
/// # }
/// ```
pub fn new() -> io::Result<(Sender, Receiver)> {
    let (receiver, sender) = io::pipe()?;
    rustix::io::ioctl_fionbio(&receiver, true)?;
    rustix::io::ioctl_fionbio(&sender, true)?;
    Ok((sender_of(sender), receiver_of(receiver)))
}

/// The end of a pipe that is written to. Created by [`new`], or of a child's standard input.
pub struct Sender {
    inner: IoSource<PipeWriter>,
}

impl Sender {
    /// Sets whether operations on it return `WouldBlock` instead of waiting. Those of
    /// [`new`] do; those of a child process do not until this is called.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        Ok(rustix::io::ioctl_fionbio(&*self.inner, nonblocking)?)
    }

    /// Runs an operation of the caller's own on the descriptor (a system call, through
    /// `AsRawFd`), and arms the sender again if it says `WouldBlock`.
    ///
    /// # Errors
    ///
    /// Those of `f`.
    pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner.do_io_with(Interest::WRITABLE, |_| f())
    }
}

fn sender_of(writer: PipeWriter) -> Sender {
    Sender {
        inner: IoSource::new(writer),
    }
}

/// It blocks until [`set_nonblocking`](Sender::set_nonblocking) says otherwise.
impl From<ChildStdin> for Sender {
    fn from(stdin: ChildStdin) -> Self {
        Self::from(OwnedFd::from(stdin))
    }
}

writes!(Sender);
source!(Sender);
descriptor!(Sender);

/// The end of a pipe that is read from. Created by [`new`], or of a child's standard
/// output or error.
pub struct Receiver {
    inner: IoSource<PipeReader>,
}

impl Receiver {
    /// Sets whether operations on it return `WouldBlock` instead of waiting. Those of
    /// [`new`] do; those of a child process do not until this is called.
    ///
    /// # Errors
    ///
    /// What the operating system says.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        Ok(rustix::io::ioctl_fionbio(&*self.inner, nonblocking)?)
    }

    /// Runs an operation of the caller's own on the descriptor (a system call, through
    /// `AsRawFd`), and arms the receiver again if it says `WouldBlock`.
    ///
    /// # Errors
    ///
    /// Those of `f`.
    pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
    where
        F: FnOnce() -> io::Result<T>,
    {
        self.inner.do_io_with(Interest::READABLE, |_| f())
    }
}

fn receiver_of(reader: PipeReader) -> Receiver {
    Receiver {
        inner: IoSource::new(reader),
    }
}

/// It blocks until [`set_nonblocking`](Receiver::set_nonblocking) says otherwise.
impl From<ChildStdout> for Receiver {
    fn from(stdout: ChildStdout) -> Self {
        Self::from(OwnedFd::from(stdout))
    }
}

/// It blocks until [`set_nonblocking`](Receiver::set_nonblocking) says otherwise.
impl From<ChildStderr> for Receiver {
    fn from(stderr: ChildStderr) -> Self {
        Self::from(OwnedFd::from(stderr))
    }
}

reads!(Receiver);
source!(Receiver);
descriptor!(Receiver);

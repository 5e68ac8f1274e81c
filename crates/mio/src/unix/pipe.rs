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
    let (sender, receiver) = (IoSource::new(sender), IoSource::new(receiver));
    Ok((Sender { inner: sender }, Receiver { inner: receiver }))
}

/// What both ends have. `$interest` is that of the operations of this one, and each `$child` is the
/// same end of a child's pipe.
macro_rules! end_of_pipe {
    ($end:ident, $interest:ident, $($stream:ident: $child:ident),+) => {
        impl $end {
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
            /// `AsRawFd`), and arms this end again if it says `WouldBlock`.
            ///
            /// # Errors
            ///
            /// Those of `f`.
            pub fn try_io<F, T>(&self, f: F) -> io::Result<T>
            where
                F: FnOnce() -> io::Result<T>,
            {
                self.inner.do_io_with(Interest::$interest, |_| f())
            }
        }

        $(
            /// It blocks until [`set_nonblocking`](Self::set_nonblocking) says otherwise.
            impl From<$child> for $end {
                fn from($stream: $child) -> Self {
                    Self::from(OwnedFd::from($stream))
                }
            }
        )+

        source!($end);
        descriptor!($end);
    };
}

/// The end of a pipe that is written to. Created by [`new`], or of a child's standard input.
pub struct Sender {
    inner: IoSource<PipeWriter>,
}

end_of_pipe!(Sender, WRITABLE, stdin: ChildStdin);
writes!(Sender, &Sender);

/// The end of a pipe that is read from. Created by [`new`], or of a child's standard
/// output or error.
pub struct Receiver {
    inner: IoSource<PipeReader>,
}

end_of_pipe!(Receiver, READABLE, stdout: ChildStdout, stderr: ChildStderr);
reads!(Receiver, &Receiver);

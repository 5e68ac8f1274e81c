//! The standard streams as sources, so that a program waits for its input and
//! for the network in one poll.
//!
//! # Platform behaviour
//!
//! | | standard input | standard output |
//! |---|---|---|
//! | WASI 0.1 | never blocks the guest: the host is asked to read only what is there | the host may block a write |
//! | WASI 0.2 | never blocks | never blocks |
//! | Unix | never blocks, and its flags, which it shares with other processes, are left alone | likewise |
//! | Windows | `Unsupported`: consoles and pipes cannot be waited for with sockets | likewise |
//!
//! A file or `/dev/null` is always ready. Wait for standard input through one [`Stdin`] a
//! program, and do not mix it with [`std::io::stdin`], which keeps a buffer of its own.

use std::io::{self, Read, Write};

use crate::portable::Direction;
use crate::sys;
use crate::{IoSource, event};

/// Standard input as an edge-triggered source. Made by [`stdin`].
///
/// # Examples
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// use std::io::{ErrorKind, Read};
/// use wasio::{stdio, Events, Interest, Poll, Token};
///
/// let mut poll = Poll::new()?;
/// let mut events = Events::with_capacity(8);
/// let mut stdin = stdio::stdin()?;
/// poll.registry().register(&mut stdin, Token(0), Interest::READABLE)?;
/// let mut buffer = [0; 4096];
/// loop {
///     poll.poll(&mut events, None)?;
///     loop {
///         match stdin.read(&mut buffer) {
///             Ok(0) => return Ok(()),
///             Ok(read) => println!("{read} bytes"),
///             Err(error) if error.kind() == ErrorKind::WouldBlock => break,
///             Err(error) => return Err(error),
///         }
///     }
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct Stdin {
    inner: IoSource<sys::stdio::Stdin>,
}

/// Standard input.
///
/// # Errors
///
/// `Unsupported` on Windows; the host's error if there is no descriptor 0.
pub fn stdin() -> io::Result<Stdin> {
    sys::stdio::Stdin::new().map(|stdin| Stdin {
        inner: IoSource::new(stdin),
    })
}

impl Read for Stdin {
    /// Reads what is there. 0 is the end of the input.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }
}

impl Read for &Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let reported = self.inner.is_silent(Direction::Read);
        let room = buffer.len();
        self.inner
            .try_stream_io(Direction::Read, room, |stdin| stdin.read(buffer, reported))
    }
}

/// Standard output as an edge-triggered source. Made by [`stdout`].
#[derive(Debug)]
pub struct Stdout {
    inner: IoSource<sys::stdio::Stdout>,
}

/// Standard output, without a buffer.
///
/// # Errors
///
/// `Unsupported` on Windows.
pub fn stdout() -> io::Result<Stdout> {
    sys::stdio::Stdout::new().map(|stdout| Stdout {
        inner: IoSource::new(stdout),
    })
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for &Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner
            .try_stream_io(Direction::Write, bytes.len(), |stdout| stdout.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

event::source_by_field!(Stdin, inner);
event::source_by_field!(Stdout, inner);

//! The standard streams as sources, so that a program can wait for its input and for the
//! network in one poll.
//!
//! Use only one [`Stdin`] per program, and do not mix it with [`std::io::stdin`]: each of them may
//! buffer input that the other then does not see.
//!
//! # Platform behaviour
//!
//! | | standard input | standard output and standard error |
//! |---|---|---|
//! | WASI 0.1 | never blocks: wasio reads only when input is available | the host may block a write |
//! | WASI 0.2 and 0.3 | never blocks | a write never blocks, except where the host blocks in it: wasmtime's command line does, while the reader of the output takes nothing. `flush` and dropping it wait until the host has everything |
//! | Unix | never blocks; `O_NONBLOCK` is not set (see below) | the same, except that a terminal that stops reading blocks a write |
//! | Windows | `Unsupported`: the selector waits for sockets only | the same |
//!
//! On Unix wasio checks before each operation whether it would block. It does not set `O_NONBLOCK`,
//! because other processes share the open file, and with it the flag. Another process that reads
//! from the same pipe, or writes to it, between the check and the operation can make that block.
//!
//! A file or `/dev/null` is always ready.
//!
//! What was written and not flushed when the program ends by [`std::process::exit`] is lost on WASI
//! 0.2, if the host takes it later. On 0.3 the end of the program waits for it, for up to 5 s.

use std::io::{self, Read, Write};

use crate::portable::Direction;
use crate::sys;
use crate::{Interest, IoSource, event};

/// Standard input as an edge-triggered source. Created by [`stdin`].
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

/// Returns standard input as a source.
///
/// # Errors
///
/// * [`Unsupported`](io::ErrorKind::Unsupported): on Windows.
/// * The host's error if there is no descriptor 0.
pub fn stdin() -> io::Result<Stdin> {
    sys::stdio::Stdin::new().map(|stdin| Stdin {
        inner: IoSource::new(stdin),
    })
}

impl Read for Stdin {
    /// Reads the input that is available. 0 is the end of the input.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }
}

impl Read for &Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let reported = self.inner.is_silent(Direction::Read);
        let room = buffer.len();
        let read =
            (self.inner).try_stream_io(Direction::Read, room, |stdin| stdin.read(buffer, reported));
        self.note_unread();
        read
    }
}

/// Defines an output stream: its type, and the function that returns it.
macro_rules! output {
    ($Type:ident, $function:ident, $type_doc:literal, $function_doc:literal, $errors:literal) => {
        #[doc = $type_doc]
        #[derive(Debug)]
        pub struct $Type {
            inner: IoSource<sys::stdio::Output>,
        }

        #[doc = $function_doc]
        ///
        /// # Errors
        ///
        /// * [`Unsupported`](io::ErrorKind::Unsupported): on Windows.
        #[doc = $errors]
        pub fn $function() -> io::Result<$Type> {
            sys::stdio::Output::$function().map(|output| $Type {
                inner: IoSource::new(output),
            })
        }

        impl $Type {
            /// As [`flush`](Write::flush), and never blocks.
            ///
            /// # Errors
            ///
            /// * [`WouldBlock`](io::ErrorKind::WouldBlock), on WASI 0.2 and 0.3: the host does not
            ///   have everything yet. The next writable event says when it does.
            /// * [`BrokenPipe`](io::ErrorKind::BrokenPipe), on WASI 0.3: it never will, as nobody
            ///   reads any more. On WASI 0.2 it is the host's error.
            pub fn try_flush(&self) -> io::Result<()> {
                if !self.inner.has_unsent()? {
                    return Ok(());
                }
                let would_block = |_: &_| Err(io::ErrorKind::WouldBlock.into());
                self.inner.do_io_with(Interest::WRITABLE, would_block)
            }
        }

        impl Write for $Type {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                (&*self).write(bytes)
            }

            fn flush(&mut self) -> io::Result<()> {
                (&*self).flush()
            }
        }

        impl Write for &$Type {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                let len = sys::offered_of(bytes.len());
                self.inner
                    .try_stream_io(Direction::Write, len, |output| output.write(bytes))
            }

            /// Waits until the host has everything. On WASI 0.2 and 0.3 this blocks while nobody
            /// reads on. Elsewhere there is nothing to wait for.
            fn flush(&mut self) -> io::Result<()> {
                self.inner.wait_until_sent()
            }
        }

        event::source_by_field!($Type, inner);
    };
}

output!(
    Stdout,
    stdout,
    "Standard output as an edge-triggered source, without a buffer. Created by [`stdout`].",
    "Returns standard output as a source.",
    "* On Unix, the error of the system if there is no descriptor 1."
);
output!(
    Stderr,
    stderr,
    "Standard error as an edge-triggered source, without a buffer. Created by [`stderr`].",
    "Returns standard error as a source.",
    "* On Unix, the error of the system if there is no descriptor 2."
);

impl Stdin {
    /// Has the selector know whether something is left of what the host has given. On 0.2 and 0.3 the
    /// source is registered as what it is made of, and natively nothing is left.
    #[cfg(all(target_os = "wasi", not(wasio_resources)))]
    fn note_unread(&self) {
        self.inner.with_waits(|waits| self.inner.set_waits(waits));
    }

    #[cfg(not(all(target_os = "wasi", not(wasio_resources))))]
    #[allow(clippy::unused_self, reason = "as on WASI 0.1")]
    const fn note_unread(&self) {}
}

event::source_by_field!(Stdin, inner, then note_unread);

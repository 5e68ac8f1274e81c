//! The standard streams.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop::poll_proceed;
use wasio::event::Source;
use wasio::task::Async;
use wasio::{Interest, stdio};

use crate::register::{is_poll_uncertain, is_registered_here, poll_yield, register_now};

/// Standard input, which never blocks the runtime. Created by [`stdin`].
///
/// A read that is dropped in the middle loses nothing. It may be used in one runtime after the other.
#[derive(Debug)]
pub struct Stdin(Stream<stdio::Stdin>);

/// Returns standard input.
///
/// As `tokio::io::stdin`, but no thread is blocked by a read, and the runtime can end while one
/// waits. On WASI it waits in the poll that the runtime waits in, natively in that of a thread.
///
/// Use only one [`Stdin`] per program, and no other reader of standard input: each may buffer input
/// that the others then do not see.
///
/// # Errors
///
/// They come with the first read. On Windows that is [`Unsupported`](ErrorKind::Unsupported).
///
/// # Examples
///
/// Counting lines until the input ends:
///
/// ```no_run
/// use tokio::io::{AsyncBufReadExt, BufReader};
///
/// #[tokio::main(flavor = "current_thread")]
/// async fn main() -> std::io::Result<()> {
///     let mut lines = BufReader::new(wasio_tokio::stdin()).lines();
///     let mut count = 0;
///     while lines.next_line().await?.is_some() {
///         count += 1;
///     }
///     println!("{count} lines");
///     Ok(())
/// }
/// ```
#[must_use]
pub fn stdin() -> Stdin {
    Stdin(Stream::new(stdio::stdin, Interest::READABLE))
}

impl AsyncRead for Stdin {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = |mut stdin: &stdio::Stdin| stdin.read(buffer.initialize_unfilled());
        let count = ready!(self.0.poll(context, read))?;
        buffer.advance(count);
        Poll::Ready(Ok(()))
    }
}

/// Defines an output stream: its type, and the function that returns it.
macro_rules! output {
    ($Type:ident, $function:ident, $type_doc:literal, $function_doc:literal, $example:literal) => {
        #[doc = $type_doc]
        ///
        /// On WASI 0.2 and 0.3 what a write has taken may be sent in the background. `flush` and
        /// `shutdown` end once the host has it. Dropping the stream waits for that too, and blocks the
        /// thread meanwhile: await `flush` before, if the reader may be slow.
        #[derive(Debug)]
        pub struct $Type(Stream<stdio::$Type>);

        #[doc = $function_doc]
        ///
        /// # Errors
        ///
        /// They come with the first write. On Windows that is
        /// [`Unsupported`](ErrorKind::Unsupported). On WASI 0.1 and natively a write that has to wait
        /// is [`AlreadyExists`](ErrorKind::AlreadyExists) while another handle to this output has
        /// waited before and lives on: share one, as by a channel, if the reader may be slow.
        ///
        /// # Platform behaviour
        ///
        /// On WASI 0.1 the host may block a write.
        ///
        /// # Examples
        ///
        /// ```
        /// use tokio::io::AsyncWriteExt;
        ///
        /// # #[cfg(not(windows))]
        /// #[tokio::main(flavor = "current_thread")]
        /// async fn main() -> std::io::Result<()> {
        #[doc = $example]
        /// }
        /// # #[cfg(windows)]
        /// # fn main() {}
        /// ```
        #[must_use]
        pub fn $function() -> $Type {
            $Type(Stream::new(stdio::$function, Interest::WRITABLE))
        }

        impl AsyncWrite for $Type {
            fn poll_write(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                let write = |mut output: &stdio::$Type| output.write(bytes);
                self.0.poll(context, write)
            }

            fn poll_flush(
                mut self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<io::Result<()>> {
                self.0.poll(context, stdio::$Type::try_flush)
            }

            fn poll_shutdown(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<io::Result<()>> {
                self.poll_flush(context)
            }
        }
    };
}

output!(
    Stdout,
    stdout,
    "Standard output, which never blocks the runtime. Created by [`stdout`].",
    "Returns standard output. As `tokio::io::stdout`, but a write blocks no thread.",
    "    wasio_tokio::stdout().write_all(b\"hello\\n\").await"
);
output!(
    Stderr,
    stderr,
    "Standard error, which never blocks the runtime. Created by [`stderr`].",
    "Returns standard error. As `tokio::io::stderr`, but a write blocks no thread.",
    "    wasio_tokio::stderr().write_all(b\"an error\\n\").await"
);

/// A stream that is opened by the first operation, and registered by the first that would block.
///
/// So the functions above cannot fail and need no runtime, as tokio's, and several handles to an
/// output are no trouble as long as it takes what it is given. An operation in another runtime moves
/// the registration there.
struct Stream<S: Source> {
    open: fn() -> io::Result<S>,
    interest: Interest,
    state: State<S>,
    /// Whether this operation has yielded, where the poll was uncertain.
    has_yielded: bool,
}

enum State<S: Source> {
    Closed,
    Open(S),
    Registered(Async<S>),
}

impl<S: Source> Stream<S> {
    fn new(open: fn() -> io::Result<S>, interest: Interest) -> Self {
        Self {
            open,
            interest,
            state: State::Closed,
            has_yielded: false,
        }
    }

    /// Tries `operation` until it does not block. It takes of the task's budget, as tokio's own streams
    /// do: one that never blocks would keep the others away.
    fn poll<R>(
        &mut self,
        context: &mut Context<'_>,
        mut operation: impl FnMut(&S) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let budget = ready!(poll_proceed(context));
        loop {
            match operation(self.source()?) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    ready!(self.poll_ready(context))?;
                }
                result => {
                    budget.made_progress();
                    self.has_yielded = false;
                    return Poll::Ready(result);
                }
            }
        }
    }

    fn source(&mut self) -> io::Result<&S> {
        if let State::Closed = self.state {
            self.state = State::Open((self.open)()?);
        }
        match &self.state {
            State::Closed => Err(ErrorKind::NotConnected.into()),
            State::Open(source) => Ok(source),
            State::Registered(source) => Ok(source.get_ref()),
        }
    }

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if is_poll_uncertain() && !mem::replace(&mut self.has_yielded, true) {
            return poll_yield(context);
        }
        match &self.state {
            State::Registered(source) if is_registered_here(source) => {
                self.has_yielded = false;
                if self.interest.is_readable() {
                    source.poll_readable(context)
                } else {
                    source.poll_writable(context)
                }
            }
            _ => Poll::Ready(self.register()),
        }
    }

    /// Registers it with the poll that this thread waits in. What became ready before that is seen by
    /// one more try.
    fn register(&mut self) -> io::Result<()> {
        let source = match mem::replace(&mut self.state, State::Closed) {
            State::Closed => return Ok(()),
            State::Open(source) => source,
            State::Registered(source) => source.into_inner()?,
        };
        self.state = State::Registered(register_now(source, self.interest)?);
        Ok(())
    }
}

impl<S: Source> fmt::Debug for Stream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Closed => "not used yet",
            State::Open(_) => "open",
            State::Registered(_) => "registered",
        };
        f.write_str(state)
    }
}

//! The standard streams.

use std::fmt;
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::task::coop::poll_proceed;
use wasio::event::Source;
use wasio::{Interest, stdio};

use crate::register::Awaited;

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
/// They come with the first read. On Windows that is [`Unsupported`](io::ErrorKind::Unsupported).
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
        /// [`Unsupported`](io::ErrorKind::Unsupported). On WASI 0.1 and natively a write that has to
        /// wait is [`AlreadyExists`](io::ErrorKind::AlreadyExists) while another handle to this
        /// output has waited before and lives on: share one, as by a channel, if the reader may be
        /// slow.
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
/// output are no trouble as long as it takes what it is given.
struct Stream<S: Source> {
    open: fn() -> io::Result<S>,
    interest: Interest,
    opened: Option<Awaited<S>>,
}

impl<S: Source> Stream<S> {
    fn new(open: fn() -> io::Result<S>, interest: Interest) -> Self {
        Self {
            open,
            interest,
            opened: None,
        }
    }

    /// Tries `operation` until it does not block. It takes of the task's budget, as tokio's own streams
    /// do: one that never blocks would keep the others away.
    fn poll<R>(
        &mut self,
        context: &mut Context<'_>,
        operation: impl FnMut(&S) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        let budget = ready!(poll_proceed(context));
        let result = ready!(self.opened()?.poll(context, operation));
        budget.made_progress();
        Poll::Ready(result)
    }

    fn opened(&mut self) -> io::Result<&mut Awaited<S>> {
        match &mut self.opened {
            Some(opened) => Ok(opened),
            closed => {
                let source = (self.open)()?;
                Ok(closed.insert(Awaited::new(source, self.interest)))
            }
        }
    }
}

impl<S: Source> fmt::Debug for Stream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.opened {
            Some(opened) => opened.fmt(f),
            None => f.write_str("not used yet"),
        }
    }
}

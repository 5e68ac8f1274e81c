use std::fmt;
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read, Write};
use std::task::{Context, Poll, ready};

use super::budget::proceed;
use super::reactor;
use super::ready::{Readable, Writable};
use super::registered::Registered;
use crate::event::Source;
use crate::portable::Direction;
use crate::{Interest, Registry, Token};

/// A source whose readiness can be awaited.
///
/// It stays registered until it is dropped, or taken out by [`into_inner`](Self::into_inner). A wait
/// that is dropped in the middle loses nothing.
///
/// Any number of tasks may await its futures. The functions named `poll_…`, the traits of futures-io
/// and [`incoming`](Async::incoming) remember one task per direction, as those of tokio do: the last
/// one that called them is woken.
///
/// # Platform behaviour
///
/// The source is registered with the poll that this thread waits in: of the [`Poll`](crate::Poll)s
/// that it has made, the one that it waited in last, or has made since. Where tokio runs on wasio's
/// drop-in replacement for mio, that is the poll of tokio's driver. With several runtimes on one
/// thread, see [`polls`](super::polls). A thread that has none uses the poll of
/// [`block_on`](super::block_on) on WASI without threads, and elsewhere that of a thread that wasio
/// starts: so it is in the workers of a runtime with several threads, and wherever tokio runs on
/// another mio.
///
/// # Examples
///
/// Awaiting a line of standard input, at most for a second:
///
/// ```no_run
/// # fn main() -> std::io::Result<()> {
/// use std::pin::pin;
/// use std::time::Duration;
/// use wasio::stdio;
/// use wasio::task::{self, Async};
///
/// let count = task::block_on(async {
///     let stdin = Async::new(stdio::stdin()?)?;
///     let mut buffer = [0; 4096];
///     stdin.read(&mut buffer).await
/// })??;
/// println!("{count} bytes");
/// # Ok(())
/// # }
/// ```
pub struct Async<T: Source> {
    /// Taken by [`into_inner`](Self::into_inner) alone.
    io: Option<T>,
    pub(super) registered: Registered,
}

impl<T: Source> Async<T> {
    /// Registers a source for both directions.
    ///
    /// # Errors
    ///
    /// * [`AlreadyExists`](ErrorKind::AlreadyExists): it is registered already.
    /// * The error of the source itself, or of the poll that was to be made.
    pub fn new(io: T) -> io::Result<Self> {
        Self::with_interest(io, Interest::READABLE | Interest::WRITABLE)
    }

    /// Registers a source for some directions: one without interest is not waited for.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn with_interest(io: T, interest: Interest) -> io::Result<Self> {
        Self::with_selector(io, interest, &reactor::current()?)
    }

    /// Registers a source with the poll of a thread that wasio starts and that does nothing but wait:
    /// any thread may await it then. Where there are no threads this is
    /// [`with_interest`](Self::with_interest).
    ///
    /// For a task that any thread may run, where this one has a poll that nobody waits in.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn in_background(io: T, interest: Interest) -> io::Result<Self> {
        Self::with_selector(io, interest, &reactor::background()?)
    }

    /// Registers a source with the poll of `registry`, whatever this thread waits in.
    ///
    /// # Errors
    ///
    /// Those of [`new`](Self::new).
    pub fn new_in(registry: &Registry, io: T) -> io::Result<Self> {
        let both = Interest::READABLE | Interest::WRITABLE;
        Self::with_selector(io, both, registry.selector().inner())
    }

    pub(super) fn with_selector(
        mut io: T,
        interest: Interest,
        selector: &crate::sys::Selector,
    ) -> io::Result<Self> {
        let registered = Registered::new(selector);
        // The token is that of no event.
        io.register(registered.registry(), Token(0), interest)?;
        Ok(Self {
            io: Some(io),
            registered,
        })
    }

    /// What the source is registered with.
    #[cfg(feature = "net")]
    pub(super) fn selector(&self) -> &crate::sys::Selector {
        self.registered.registry().selector().inner()
    }

    /// Whether the source is registered with the poll of the thread that only waits: see
    /// [`in_background`](Self::in_background).
    #[must_use]
    pub fn is_in_background(&self) -> bool {
        reactor::is_background(self.registered.registry().selector().inner())
    }

    /// Whether the poll that the source is registered with is there, and this thread waits in no
    /// other. So it is for one that is [in the background](Self::is_in_background).
    ///
    /// If not, no task that waits for it here is woken. Take the source [out](Self::into_inner) and
    /// make a new `Async` of it.
    #[must_use]
    pub fn is_registered_here(&self) -> bool {
        let selector = self.registered.registry().selector().inner();
        match super::polls::latest() {
            Some(latest) => latest.downgrade().is(selector) || self.is_in_background(),
            None => selector.may_be_waited_in(),
        }
    }

    /// The source. Operations on it are as on a source that is registered with a poll.
    pub fn get_ref(&self) -> &T {
        self.io.as_ref().expect(TAKEN)
    }

    /// The source.
    pub fn get_mut(&mut self) -> &mut T {
        self.io.as_mut().expect(TAKEN)
    }

    /// Takes the source out. It is registered no longer.
    ///
    /// # Errors
    ///
    /// Those of the deregistration.
    pub fn into_inner(mut self) -> io::Result<T> {
        let mut io = self.io.take().expect(TAKEN);
        io.deregister(self.registered.registry())?;
        Ok(io)
    }

    /// Waits until the source is readable.
    ///
    /// It may be readable no more when the operation comes: use [`read_with`](Self::read_with),
    /// which waits again. It is ready at once as long as no operation has found nothing.
    ///
    /// # Errors
    ///
    /// [`NotConnected`](ErrorKind::NotConnected): the poll that the source is registered with is
    /// gone, so nothing would ever come.
    pub fn readable(&self) -> Readable<'_> {
        Readable::new(&self.registered)
    }

    /// Waits until the source is writable. As [`readable`](Self::readable).
    ///
    /// # Errors
    ///
    /// Those of [`readable`](Self::readable).
    pub fn writable(&self) -> Writable<'_> {
        Writable::new(&self.registered)
    }

    /// Whether the source is readable; if not, the task is woken once it is.
    ///
    /// Only the task that called this last is woken. Use [`readable`](Self::readable) where several
    /// wait.
    ///
    /// # Errors
    ///
    /// Those of [`readable`](Self::readable).
    pub fn poll_readable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.registered.poll(Direction::Read, context)
    }

    /// Whether the source is writable. As [`poll_readable`](Self::poll_readable).
    ///
    /// # Errors
    ///
    /// Those of [`readable`](Self::readable).
    pub fn poll_writable(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.registered.poll(Direction::Write, context)
    }

    /// Does a read: tries it, and again after each event, until it does not return
    /// [`WouldBlock`](ErrorKind::WouldBlock).
    ///
    /// # Errors
    ///
    /// Those of the operation and of [`readable`](Self::readable).
    pub async fn read_with<R>(&self, op: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.operate(Direction::Read, op).await
    }

    /// As [`read_with`](Self::read_with), for an operation that changes the source.
    ///
    /// # Errors
    ///
    /// Those of [`read_with`](Self::read_with).
    pub async fn read_with_mut<R>(
        &mut self,
        op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.operate_mut(Direction::Read, op).await
    }

    /// Does a write. As [`read_with`](Self::read_with).
    ///
    /// # Errors
    ///
    /// Those of [`read_with`](Self::read_with).
    pub async fn write_with<R>(&self, op: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.operate(Direction::Write, op).await
    }

    /// As [`write_with`](Self::write_with), for an operation that changes the source.
    ///
    /// # Errors
    ///
    /// Those of [`read_with`](Self::read_with).
    pub async fn write_with_mut<R>(
        &mut self,
        op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.operate_mut(Direction::Write, op).await
    }

    /// Does an operation, or has the task woken once it may succeed. Only the task that called this
    /// or [`poll_readable`](Self::poll_readable) last is woken.
    pub(super) fn poll_operation<R>(
        &self,
        direction: Direction,
        context: &mut Context<'_>,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> Poll<io::Result<R>> {
        loop {
            ready!(proceed(context));
            if let Some(result) = self.registered.attempt(direction, || op(self.get_ref())) {
                return Poll::Ready(result);
            }
            ready!(self.registered.poll(direction, context))?;
        }
    }

    async fn operate<R>(
        &self,
        direction: Direction,
        mut op: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            poll_fn(|context| proceed(context)).await;
            let attempt = || op(self.get_ref());
            if let Some(result) = self.registered.attempt(direction, attempt) {
                return result;
            }
            self.wait(direction).await?;
        }
    }

    async fn operate_mut<R>(
        &mut self,
        direction: Direction,
        mut op: impl FnMut(&mut T) -> io::Result<R>,
    ) -> io::Result<R> {
        loop {
            poll_fn(|context| proceed(context)).await;
            let io = self.io.as_mut().expect(TAKEN);
            if let Some(result) = self.registered.attempt(direction, || op(io)) {
                return result;
            }
            self.wait(direction).await?;
        }
    }

    async fn wait(&self, direction: Direction) -> io::Result<()> {
        match direction {
            Direction::Read => self.readable().await,
            Direction::Write => self.writable().await,
        }
    }
}

const TAKEN: &str = "only `into_inner` takes the source, and it takes the `Async` too";

impl<T: Source> Async<T>
where
    for<'a> &'a T: Read,
{
    /// Reads what there is. 0 is the end, or that `buffer` is empty.
    ///
    /// # Errors
    ///
    /// Those of the source and of [`readable`](Self::readable).
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_with(|mut io| io.read(buffer)).await
    }
}

impl<T: Source> Async<T>
where
    for<'a> &'a T: Write,
{
    /// Writes as much as there is room for.
    ///
    /// # Errors
    ///
    /// Those of the source and of [`writable`](Self::writable).
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.write_with(|mut io| io.write(bytes)).await
    }

    /// Writes all of `bytes`.
    ///
    /// # Errors
    ///
    /// Those of [`write`](Self::write); [`WriteZero`](ErrorKind::WriteZero) if the source takes no
    /// more. How much it has taken is then unknown, as after a future that was dropped.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            match self.write(bytes).await? {
                0 => return Err(ErrorKind::WriteZero.into()),
                written => bytes = &bytes[written..],
            }
        }
        Ok(())
    }
}

impl<T: Source> Drop for Async<T> {
    fn drop(&mut self) {
        if let Some(mut io) = self.io.take() {
            // An error would say that it is out already.
            let _ = io.deregister(self.registered.registry());
        }
    }
}

impl<T: Source + fmt::Debug> fmt::Debug for Async<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Async").field(&self.io).finish()
    }
}

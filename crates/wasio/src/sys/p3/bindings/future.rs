//! The futures by which a stream says how it ended.

use std::marker::PhantomData;
use std::mem::MaybeUninit;

use super::memory::Lent;
use super::stream::BLOCKED;
use super::waitable::{Event, FUTURE_READ, leave_set};

/// How the read of a future ends that the host has written the result of.
const COMPLETED: u32 = 0;

/// What a future is of, and its operations.
pub(crate) trait FutureResult: Sized {
    type Error;

    /// # Safety
    /// As the import: `result` is where the host writes, at once or later.
    unsafe fn read(future: u32, result: *mut Self) -> u32;

    fn cancel_read(future: u32) -> u32;

    fn drop_readable(future: u32);

    /// # Safety
    /// The host has written it.
    unsafe fn into_error(self) -> Option<Self::Error>;
}

/// A future of a result. It owns the memory of the read that is in flight. Dropping it cancels that.
#[derive(Debug)]
pub(crate) struct ResultFuture<R: FutureResult> {
    future: u32,
    memory: Option<Lent<MaybeUninit<R>>>,
}

/// A [`ResultFuture`] as an import returns it.
#[derive(Debug)]
#[repr(transparent)]
pub(super) struct RawFuture<R>(u32, PhantomData<R>);

impl<R: FutureResult> From<RawFuture<R>> for ResultFuture<R> {
    fn from(future: RawFuture<R>) -> Self {
        Self {
            future: future.0,
            memory: None,
        }
    }
}

impl<R: FutureResult> ResultFuture<R> {
    pub(crate) const fn waitable(&self) -> u32 {
        self.future
    }

    /// Starts to read it. Returns the error, or that there is none, if it is there already. Where
    /// the host gives up the future without a result, there is none either.
    ///
    /// # Panics
    /// If the read is in flight: the host would trap.
    pub(crate) fn start(&mut self) -> Option<Option<R::Error>> {
        assert!(self.memory.is_none(), "a second read in flight");
        let memory = Lent::new(MaybeUninit::uninit());
        // SAFETY: the memory is kept until the read has ended: only `ended` and `drop` give it up.
        let code = unsafe { R::read(self.future, memory.as_ptr().cast()) };
        if code == BLOCKED {
            self.memory = Some(memory);
            return None;
        }
        Some(error_after(memory, code))
    }

    /// The same for the read in flight, if this is its event.
    pub(crate) fn ended(&mut self, event: Event) -> Option<Option<R::Error>> {
        let code = event.code_of(FUTURE_READ, self.future)?;
        let memory = self.memory.take()?;
        Some(error_after(memory, code))
    }
}

/// The error that a read has brought which has ended with `code`.
fn error_after<R: FutureResult>(memory: Lent<MaybeUninit<R>>, code: u32) -> Option<R::Error> {
    if code & 15 != COMPLETED {
        return None;
    }
    // SAFETY: `code` says that the host has written the result.
    let result = unsafe { memory.take_back().assume_init() };
    // SAFETY: as above.
    unsafe { result.into_error() }
}

impl<R: FutureResult> Drop for ResultFuture<R> {
    fn drop(&mut self) {
        leave_set(self.future);
        if let Some(memory) = self.memory.take() {
            // The read may have ended instead.
            drop(error_after(memory, R::cancel_read(self.future)));
        }
        R::drop_readable(self.future);
    }
}

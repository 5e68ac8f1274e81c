//! Calls of asynchronous imports.

use std::fmt;
use std::mem::{MaybeUninit, offset_of};

use super::memory::Lent;
use super::waitable::{Event, RETURNED, SUBTASK, leave_set};

super::described!();

#[cfg_attr(wasio_waitables, link(wasm_import_module = "$root"))]
unsafe extern "C" {
    #[link_name = "[subtask-cancel]"]
    safe fn subtask_cancel(subtask: u32) -> u32;
    #[link_name = "[subtask-drop]"]
    safe fn subtask_drop(subtask: u32);
}

/// What an import has the host write.
pub(crate) trait Output {
    /// It frees what it owns when it is dropped: that of a cancelled call is.
    type Value;

    /// # Safety
    /// The host has written it.
    unsafe fn into_value(self) -> Self::Value;
}

impl Output for () {
    type Value = ();

    unsafe fn into_value(self) {}
}

/// A call that has not returned. It owns the memory that the host reads arguments from and writes
/// the result to. Dropping it cancels the call.
pub(crate) struct Call<A, R: Output> {
    subtask: u32,
    /// `None` once the call has ended.
    memory: Option<Lent<Memory<A, R>>>,
}

struct Memory<A, R> {
    arguments: A,
    result: MaybeUninit<R>,
}

/// What came of a call at once.
pub(crate) enum Called<A, R: Output> {
    Returned(R::Value),
    Pending(Call<A, R>),
}

/// Calls an asynchronous import.
///
/// # Safety
/// `import` is handed pointers to the arguments and to where the result goes. It has the host use
/// these two as the type of the import says, and returns what the import returned.
pub(super) unsafe fn call<A, R: Output>(
    arguments: A,
    import: impl FnOnce(*const A, *mut R) -> u32,
) -> Called<A, R> {
    let memory = Lent::new(Memory {
        arguments,
        result: MaybeUninit::uninit(),
    });
    let start = memory.as_ptr();
    let arguments = start.wrapping_byte_add(offset_of!(Memory<A, R>, arguments));
    let result = start.wrapping_byte_add(offset_of!(Memory<A, R>, result));
    let status = import(arguments.cast(), result.cast());
    if status & 15 == RETURNED {
        // SAFETY: the call has returned, as the caller promises to say.
        return Called::Returned(unsafe { value(memory) });
    }
    Called::Pending(Call {
        subtask: status >> 4,
        memory: Some(memory),
    })
}

/// # Safety
/// The host has written the result.
unsafe fn value<A, R: Output>(memory: Lent<Memory<A, R>>) -> R::Value {
    // SAFETY: as the caller promises.
    let output = unsafe { memory.take_back().result.assume_init() };
    // SAFETY: as above.
    unsafe { output.into_value() }
}

impl<A, R: Output> Call<A, R> {
    pub(crate) const fn waitable(&self) -> u32 {
        self.subtask
    }

    /// What the call returned, if this is the event of that.
    pub(crate) fn returned(&mut self, event: Event) -> Option<R::Value> {
        if event.code_of(SUBTASK, self.subtask) != Some(RETURNED) {
            return None;
        }
        let memory = self.memory.take()?;
        leave_set(self.subtask);
        subtask_drop(self.subtask);
        // SAFETY: the event says that the host has written the result.
        Some(unsafe { value(memory) })
    }
}

impl<A, R: Output> fmt::Debug for Call<A, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.subtask).finish()
    }
}

impl<A, R: Output> Drop for Call<A, R> {
    fn drop(&mut self) {
        let Some(memory) = self.memory.take() else {
            return;
        };
        leave_set(self.subtask);
        if subtask_cancel(self.subtask) & 15 == RETURNED {
            // SAFETY: the call has returned instead, and the host has written the result.
            drop(unsafe { value(memory) });
        }
        subtask_drop(self.subtask);
    }
}

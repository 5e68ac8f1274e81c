use std::alloc::{self, Layout};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, Ordering::Relaxed};

#[cfg(not(test))]
unsafe extern "C" {
    fn realloc(old: *mut u8, len: usize) -> *mut u8;
}

#[cfg(test)]
use tests::realloc;

unsafe extern "C" {
    fn free(start: *mut u8);
}

/// The [`Call`] that is under way, or null.
static CALL: AtomicPtr<Call> = AtomicPtr::new(ptr::null_mut());

/// Whether the host asks this crate for memory. It does not in a component that was linked of
/// several modules, where another module provides the memory.
static IS_ASKED: AtomicBool = AtomicBool::new(false);

const _: () = assert!(
    cfg!(test) || !cfg!(target_feature = "atomics"),
    "`CALL` is for one thread"
);

/// A call of an import that belongs to wasio.
struct Call {
    /// For the first list that fits.
    buffer: *mut u8,
    /// In bytes. 0 once a list has taken the buffer.
    room: usize,
}

impl Call {
    /// Memory for a list, or for one whose length has changed.
    ///
    /// # Safety
    /// If `old_len` is not 0, this returned `old` during this call, for `old_len` bytes of this
    /// alignment.
    unsafe fn reallocate(
        &mut self,
        old: *mut u8,
        old_len: usize,
        align: usize,
        len: usize,
    ) -> *mut u8 {
        let new = self.allocate(align, len);
        if old_len > 0 {
            // SAFETY: `old` has `old_len` bytes, and `new` has `len`. They are not the same memory:
            // `old` has not been freed, and the buffer is lent once.
            unsafe { ptr::copy_nonoverlapping(old, new, old_len.min(len)) };
            if old != self.buffer {
                // SAFETY: all but the buffer comes from the allocator, with this layout.
                unsafe { alloc::dealloc(old, layout(align, old_len)) };
            }
        }
        new
    }

    fn allocate(&mut self, align: usize, len: usize) -> *mut u8 {
        if len == 0 {
            return ptr::without_provenance_mut(align);
        }
        if len <= self.room && self.buffer.addr().is_multiple_of(align) {
            self.room = 0;
            return self.buffer;
        }
        let layout = layout(align, len);
        // SAFETY: the length is not 0.
        let start = unsafe { alloc::alloc(layout) };
        if start.is_null() {
            alloc::handle_alloc_error(layout);
        }
        start
    }
}

fn layout(align: usize, len: usize) -> Layout {
    // The host asks for what an address space can hold.
    Layout::from_size_align(len, align).unwrap_or_else(|_| std::process::abort())
}

/// The function of the component ABI by which the host asks for memory: see the crate's
/// documentation.
///
/// # Safety
/// For the host alone, while it answers a call. If `old_len` is not 0, this returned `old` during
/// the same call, for `old_len` bytes of this alignment.
#[cfg_attr(not(test), unsafe(no_mangle))]
unsafe extern "C" fn cabi_import_realloc(
    old: *mut u8,
    old_len: usize,
    align: usize,
    len: usize,
) -> *mut u8 {
    IS_ASKED.store(true, Relaxed);
    let call = CALL.load(Relaxed);
    if call.is_null() {
        // SAFETY: as the host promises.
        return unsafe { reallocate_by_libc(old, old_len, align, len) };
    }
    // SAFETY: `during` has put it there, and waits for the host with no borrow of it. There is one
    // thread, and a call of the host runs no other code of the program than this function.
    let call = unsafe { &mut *call };
    // SAFETY: as the host promises.
    unsafe { call.reallocate(old, old_len, align, len) }
}

/// What wasi-libc's `cabi_realloc` does. That is not called by its name: a program may have a library
/// of wit-bindgen that defines another function of this name, by one that it does not define.
///
/// # Safety
/// If `old_len` is not 0, this returned `old`, which is not used any more.
unsafe fn reallocate_by_libc(old: *mut u8, old_len: usize, align: usize, len: usize) -> *mut u8 {
    if len == 0 {
        return ptr::without_provenance_mut(align);
    }
    let old = if old_len == 0 { ptr::null_mut() } else { old };
    // SAFETY: `old` is null, or `realloc` has made it, as the caller promises.
    let new = unsafe { realloc(old, len) };
    if new.is_null() {
        std::process::abort();
    }
    new
}

/// A list of the component ABI, as an import returns it.
#[repr(C)]
#[derive(Debug)]
pub struct List<T> {
    start: *mut T,
    len: usize,
}

impl<T> List<T> {
    /// The list's elements.
    ///
    /// # Safety
    /// An import has returned the list during [`owned`] or [`read_into`], and it does not lie in the
    /// latter's buffer. The list is taken once.
    pub unsafe fn into_vec(self) -> Vec<T> {
        let Self { start, len } = self;
        if len == 0 {
            return Vec::new();
        }
        if !IS_ASKED.load(Relaxed) {
            // SAFETY: as the caller promises, and another function has provided the memory.
            return unsafe { self.into_vec_from_libc() };
        }
        // SAFETY: `Call::allocate` made it by Rust's global allocator. The ABI asks for exactly the
        // size of the list, and for the alignment of its elements.
        unsafe { Vec::from_raw_parts(start, len, len) }
    }

    /// The elements of a list for which C's `realloc` has provided the memory.
    ///
    /// # Safety
    /// As for [`into_vec`](Self::into_vec), and the list is not empty.
    #[cold]
    unsafe fn into_vec_from_libc(self) -> Vec<T> {
        let Self { start, len } = self;
        let mut elements = Vec::with_capacity(len);
        // SAFETY: the list has `len` elements, and there is room for as many in other memory.
        unsafe { ptr::copy_nonoverlapping(start, elements.as_mut_ptr(), len) };
        // SAFETY: `len` elements have been written. The old ones are not read again.
        unsafe { elements.set_len(len) };
        // SAFETY: `realloc` made it.
        unsafe { free(start.cast()) };
        elements
    }
}

/// Calls an import whose lists belong to Rust: [`List::into_vec`] takes them.
///
/// # Safety
/// `call` calls one import and does nothing else that may call the host. It does not unwind.
pub unsafe fn owned<R>(call: impl FnOnce() -> R) -> R {
    let record = Call {
        buffer: ptr::null_mut(),
        room: 0,
    };
    // SAFETY: as the caller promises.
    unsafe { during(record, call) }
}

/// Calls an import that returns one list, and has the host write the list to `buffer`. Returns how
/// many elements there are. A list that is longer than the buffer is cut off.
///
/// # Safety
/// As for [`owned`]. `call` returns the list that the import has returned. Whatever the host writes
/// is a valid `T`.
///
/// # Errors
/// That of the import, which then returns no list.
pub unsafe fn read_into<T: Copy, E>(
    buffer: &mut [T],
    call: impl FnOnce() -> Result<List<T>, E>,
) -> Result<usize, E> {
    let room = size_of_val(buffer);
    let start = buffer.as_mut_ptr();
    let record = Call {
        buffer: start.cast(),
        room,
    };
    // SAFETY: as the caller promises.
    let list = unsafe { during(record, call) }?;
    if list.len > 0 && list.start != start {
        let (align, len) = (align_of::<T>(), list.len * size_of::<T>());
        // SAFETY: it has just been returned, has this layout, and lies elsewhere. The buffer has
        // `room` bytes.
        unsafe { move_to(start.cast(), room, list.start.cast(), align, len) };
    }
    Ok(list.len.min(buffer.len()))
}

/// Copies a list that did not go to the buffer, as far as there is room, and frees it.
///
/// # Safety
/// The list has `len` bytes of this alignment, and has been returned by the last call. The buffer
/// has `room` bytes, and does not overlap it.
#[cold]
unsafe fn move_to(buffer: *mut u8, room: usize, list: *mut u8, align: usize, len: usize) {
    // SAFETY: as the caller promises.
    unsafe { ptr::copy_nonoverlapping(list, buffer, len.min(room)) };
    if IS_ASKED.load(Relaxed) {
        // SAFETY: `Call::allocate` made it, with this layout.
        unsafe { alloc::dealloc(list, layout(align, len)) };
    } else {
        // SAFETY: `realloc` made it.
        unsafe { free(list) };
    }
}

/// # Safety
/// As for [`owned`].
unsafe fn during<R>(mut record: Call, call: impl FnOnce() -> R) -> R {
    CALL.store(&raw mut record, Relaxed);
    let result = call();
    CALL.store(ptr::null_mut(), Relaxed);
    result
}

#[cfg(test)]
mod tests;

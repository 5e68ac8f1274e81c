//! The lists that the host returns: their memory comes from C's allocator.

use std::ptr;

unsafe extern "C" {
    fn realloc(old: *mut u8, len: usize) -> *mut u8;
    fn free(start: *mut u8);
}

/// The function of the component ABI by which the host asks for the memory of what an import returns.
/// Not wasi-libc's `cabi_realloc`: a library of wit-bindgen may have put another in its place.
///
/// # Safety
/// For the host alone. If `old_len` is not 0, this returned `old`, which is not used any more.
#[unsafe(no_mangle)]
unsafe extern "C" fn cabi_import_realloc(
    old: *mut u8,
    old_len: usize,
    align: usize,
    len: usize,
) -> *mut u8 {
    if len == 0 {
        return ptr::without_provenance_mut(align);
    }
    let old = if old_len == 0 { ptr::null_mut() } else { old };
    // SAFETY: `old` is null, or `realloc` has made it, as the host promises.
    let new = unsafe { realloc(old, len) };
    if new.is_null() {
        std::process::abort();
    }
    new
}

/// A list of the component ABI, as an import returns it. What its elements own is the caller's to
/// drop.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct List<T: Copy> {
    start: *mut T,
    len: usize,
}

// SAFETY: it owns its memory alone.
unsafe impl<T: Copy + Send> Send for List<T> {}

impl<T: Copy> List<T> {
    pub(super) fn as_slice(&self) -> &[T] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: only imports make lists, of `len` elements at `start`, which live until the drop.
        unsafe { std::slice::from_raw_parts(self.start, self.len) }
    }
}

impl<T: Copy> Drop for List<T> {
    fn drop(&mut self) {
        if self.len > 0 {
            // SAFETY: only imports make lists. Their memory is from `cabi_import_realloc`, and so
            // from `realloc`, and nobody else frees it.
            unsafe { free(self.start.cast()) };
        }
    }
}

impl List<u8> {
    /// The text that it is. The strings of the ABI are UTF-8.
    pub(super) fn to_text(&self) -> String {
        String::from_utf8(self.as_slice().to_vec()).unwrap_or_default()
    }
}

const _: () = assert!(size_of::<List<u8>>() == 8);

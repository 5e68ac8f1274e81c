//! The only door to what the bindings do not offer in place: `wasi:io/poll` on our own array, and
//! libc's `poll`. It makes calls and no decisions.

use std::io;
use std::ptr::NonNull;

// The crate wasip2 describes this interface to the linker, under the version that it was made
// from: another one would not link, which is why the manifest names that crate's version exactly.
#[link(wasm_import_module = "wasi:io/poll@0.2.12")]
unsafe extern "C" {
    #[link_name = "poll"]
    fn wasi_poll(handles: *const u32, len: usize, ready: *mut List);
}

unsafe extern "C" {
    /// wasi-libc's, over the descriptors that it made itself.
    #[link_name = "poll"]
    fn libc_poll(asked: *mut Asked, len: usize, timeout_ms: i32) -> i32;
    #[cfg(feature = "net")]
    fn atexit(function: extern "C" fn()) -> i32;
}

/// `list<u32>` as the host returns it.
#[repr(C)]
struct List {
    start: *mut u32,
    len: usize,
}

/// libc's `pollfd`.
#[repr(C)]
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) descriptor: i32,
    pub(super) wanted: i16,
    pub(super) found: i16,
}

impl Asked {
    pub(super) const READ: i16 = 1;
    pub(super) const WRITE: i16 = 2;
    pub(super) const ERROR: i16 = 0x1000;
    pub(super) const HANG_UP: i16 = 0x2000;
    pub(super) const NOT_OPEN: i16 = 0x4000;
}

const _: () = {
    assert!(size_of::<List>() == 8 && size_of::<usize>() == 4);
    assert!(size_of::<Asked>() == 8 && align_of::<Asked>() == 4);
};

/// `wasi:io/poll.poll`: waits until one of the handles is ready, and returns the places of those
/// that are.
///
/// Each handle must be of a pollable that lives, and there must be one: the host traps otherwise.
pub(super) fn poll(handles: &[u32]) -> Vec<u32> {
    debug_assert!(!handles.is_empty(), "the host traps on an empty list");
    let mut ready = List {
        start: NonNull::dangling().as_ptr(),
        len: 0,
    };
    // SAFETY: the host reads `len` handles at the pointer, and writes one list to `ready`.
    unsafe { wasi_poll(handles.as_ptr(), handles.len(), &raw mut ready) };
    if ready.len == 0 {
        return Vec::new();
    }
    // SAFETY: the host made the list through `cabi_realloc`, which is the global allocator, with
    // exactly this length and the alignment of a u32, and gave it to us.
    unsafe { Vec::from_raw_parts(ready.start, ready.len, ready.len) }
}

/// Has libc call a function when the program ends, by return or `exit`.
#[cfg(feature = "net")]
pub(super) fn at_exit(function: extern "C" fn()) {
    // SAFETY: libc calls `function` once, with no argument, and it is there for ever.
    let result = unsafe { atexit(function) };
    debug_assert_eq!(result, 0, "no room for one more function");
}

/// libc's `poll`. Returns how many descriptors were found to be anything.
pub(super) fn poll_descriptors(asked: &mut [Asked], timeout_ms: i32) -> io::Result<usize> {
    // SAFETY: the slice is `len` records that libc reads and writes in place.
    let found = unsafe { libc_poll(asked.as_mut_ptr(), asked.len(), timeout_ms) };
    usize::try_from(found).map_err(|_| io::Error::last_os_error())
}

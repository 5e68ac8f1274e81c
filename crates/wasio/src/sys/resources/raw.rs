//! Functions of wasi-libc: `poll` and `accept`, for descriptors that it has made, and `atexit`.

use std::io;
#[cfg(feature = "net")]
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use crate::sys::poll_fd::PollFd;

unsafe extern "C" {
    #[link_name = "poll"]
    fn libc_poll(fds: *mut PollFd, len: usize, timeout_ms: i32) -> i32;
    #[cfg(any(feature = "net", wasio_waitables))]
    fn atexit(function: extern "C" fn()) -> i32;
    #[cfg(feature = "net")]
    fn accept4(listener: i32, address: *mut u8, len: *mut u32, flags: i32) -> i32;
}

/// wasi-libc's `SOCK_NONBLOCK`.
#[cfg(feature = "net")]
const NON_BLOCKING: i32 = 0x4000;

/// Has libc call a function when the program ends, by return or `exit`.
#[cfg(any(feature = "net", wasio_waitables))]
pub(crate) fn at_exit(function: extern "C" fn()) {
    // SAFETY: libc calls `function` once, with no argument, and it is there forever.
    let result = unsafe { atexit(function) };
    debug_assert_eq!(result, 0, "no room for one more function");
}

/// Accepts a connection that never blocks. Nobody is asked who connected: libc ends the program if
/// the peer is gone again by then.
#[cfg(feature = "net")]
pub(crate) fn accept(listener: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let (address, len) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: without a place for the address libc writes nothing.
    let accepted = unsafe { accept4(listener.as_raw_fd(), address, len, NON_BLOCKING) };
    if accepted < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: libc opened it for us just now.
    Ok(unsafe { OwnedFd::from_raw_fd(accepted) })
}

/// libc's `poll`. Returns how many descriptors are ready or failed.
pub(crate) fn poll_fds(fds: &mut [PollFd], timeout_ms: i32) -> io::Result<usize> {
    // SAFETY: the slice is `len` records that libc reads and writes in place.
    let len = unsafe { libc_poll(fds.as_mut_ptr(), fds.len(), timeout_ms) };
    usize::try_from(len).map_err(|_| io::Error::last_os_error())
}

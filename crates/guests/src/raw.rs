//! The only unsafe code that guests share.

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::Mutex;

/// The first descriptor after the standard streams.
const FIRST_DESCRIPTOR: i32 = 3;

#[link(wasm_import_module = "wasio_host")]
unsafe extern "C" {
    /// The fuel that this thread has consumed, or -1 if fuel is not counted.
    safe fn fuel() -> i64;
    /// The CPU time of this thread in nanoseconds.
    #[link_name = "cpu_ns"]
    safe fn host_cpu_ns() -> i64;
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    #[link_name = "poll_oneoff"]
    fn host_poll_oneoff(
        subscriptions: *const [u64; 6],
        events: *mut [u64; 4],
        len: usize,
        written: *mut usize,
    ) -> i32;
}

/// Returns the number of events that the host has written, or its error number.
pub(crate) fn poll_oneoff(
    subscriptions: &[[u64; 6]],
    events: &mut [[u64; 4]],
) -> Result<usize, u16> {
    assert!(events.len() >= subscriptions.len(), "an event for each");
    let (len, mut written) = (subscriptions.len(), 0);
    let events = events.as_mut_ptr();
    // SAFETY: the host reads `len` records of 48 bytes and writes at most `len` records of 32
    // bytes. Both arrays are that long, as was just checked, and any bytes are a valid value of
    // them.
    let errno = unsafe { host_poll_oneoff(subscriptions.as_ptr(), events, len, &raw mut written) };
    match u16::try_from(errno) {
        Ok(0) => Ok(written),
        other => Err(other.unwrap_or(u16::MAX)),
    }
}

/// The stream that the host handed in as number `index`.
pub(crate) fn handed_in_stream(index: u32) -> TcpStream {
    static TAKEN: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

    let is_first = TAKEN.lock().expect("no panic before").insert(index);
    assert!(is_first, "stream {index} is taken");
    let descriptor = FIRST_DESCRIPTOR + i32::try_from(index).expect("a small number");
    // SAFETY: the host hands its sockets in from this descriptor on, and this gives each out once.
    // A guest that is handed streams does not call `TcpListener::preopened`, the only other taker:
    // it would take them for listeners.
    unsafe { TcpStream::from_raw_fd(descriptor) }
}

/// Closes a descriptor that somebody else owns: what a buggy program does.
///
/// # Safety
///
/// Its owner must be forgotten, not dropped: it would close whatever has the number by then. Nothing
/// may be opened before that.
pub unsafe fn close(descriptor: i32) {
    // SAFETY: from here on this is the only owner, as the caller promises.
    drop(unsafe { OwnedFd::from_raw_fd(descriptor) });
}

pub(crate) fn fuel_used() -> Option<u64> {
    u64::try_from(fuel()).ok()
}

pub(crate) fn cpu_ns() -> Option<u64> {
    u64::try_from(host_cpu_ns()).ok()
}

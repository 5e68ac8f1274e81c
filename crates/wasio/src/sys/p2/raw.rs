//! The only door to what the bindings do not offer in place: `wasi:io/poll` on our own array, and
//! libc's `poll`. It makes calls and no decisions.

use std::cell::OnceCell;
use std::io;
use std::mem::{ManuallyDrop, offset_of};
#[cfg(feature = "net")]
use std::net::{SocketAddr, SocketAddrV6};
use std::ops::Deref;
#[cfg(feature = "net")]
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::Arc;

use wasip2::clocks::monotonic_clock;
use wasip2::io::error::Error;
use wasip2::io::poll::Pollable;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};
#[cfg(feature = "net")]
use wasip2::sockets::tcp::TcpSocket;

use super::host::{Handle, Host, PollFd};
use super::selector::P2;
use crate::portable::{Shared, Until};

// The crate wasip2 describes this interface to the linker, under the version that it was made
// from: another one would not link, which is why the manifest names that crate's version exactly.
#[link(wasm_import_module = "wasi:io/poll@0.2.12")]
unsafe extern "C" {
    #[link_name = "poll"]
    fn wasi_poll(handles: *const u32, len: usize, ready: *mut List);
}

#[link(wasm_import_module = "wasi:io/streams@0.2.12")]
unsafe extern "C" {
    #[link_name = "[method]input-stream.read"]
    fn wasi_read(stream: u32, len: u64, result: *mut ReadResult);
    #[link_name = "[method]output-stream.check-write"]
    fn wasi_check_write(stream: u32, result: *mut CheckResult);
    #[link_name = "[method]output-stream.write"]
    fn wasi_write(stream: u32, start: *const u8, len: usize, result: *mut WriteResult);
}

#[cfg(feature = "net")]
#[link(wasm_import_module = "wasi:sockets/tcp@0.2.12")]
unsafe extern "C" {
    #[link_name = "[method]tcp-socket.local-address"]
    fn wasi_local_address(socket: u32, result: *mut AddressResult);
    #[link_name = "[method]tcp-socket.remote-address"]
    fn wasi_remote_address(socket: u32, result: *mut AddressResult);
}

unsafe extern "C" {
    /// wasi-libc's, over the descriptors that it made itself.
    #[link_name = "poll"]
    fn libc_poll(fds: *mut PollFd, len: usize, timeout_ms: i32) -> i32;
    #[cfg(feature = "net")]
    fn atexit(function: extern "C" fn()) -> i32;
    #[cfg(feature = "net")]
    fn accept4(listener: i32, address: *mut u8, len: *mut u32, flags: i32) -> i32;
}

/// wasi-libc's `SOCK_NONBLOCK`.
#[cfg(feature = "net")]
const NON_BLOCKING: i32 = 0x4000;

/// `list<u32>` as the host returns it.
#[repr(C)]
struct List {
    start: *mut u32,
    len: usize,
}

/// `result<list<u8>, stream-error>`. Of an error, the first byte of `start` is the tag, and `len` the
/// handle.
#[repr(C)]
struct ReadResult {
    is_error: u8,
    start: *mut u8,
    len: u32,
}

/// `result<u64, stream-error>`: the halves of the number, or tag and handle.
#[repr(C, align(8))]
struct CheckResult {
    is_error: u8,
    payload: [u32; 3],
}

/// `result<_, stream-error>`.
#[repr(C)]
struct WriteResult {
    is_error: u8,
    tag: u32,
    handle: u32,
}

/// `result<ip-socket-address, error-code>`. Of an error the tag is the code. Of an address it is 1 for
/// IPv6, and the rest is the port and, for IPv4, four bytes; for IPv6 the flow, the eight parts
/// and the scope, aligned as they are in C.
#[cfg(feature = "net")]
#[derive(Default)]
#[repr(C, align(4))]
struct AddressResult {
    is_error: u8,
    _padding: [u8; 3],
    tag: u8,
    _more_padding: [u8; 3],
    rest: [u16; 14],
}

/// What the host returns lands where the caller wants it.
#[cfg(feature = "in-place")]
mod place {
    use std::ptr;
    use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering::Relaxed};

    unsafe extern "C" {
        fn realloc(start: *mut u8, len: usize) -> *mut u8;
    }

    /// Where the list goes that the call of the host under way returns, if one is.
    static PLACE: AtomicPtr<u8> = AtomicPtr::new(NOWHERE);
    static PLACE_LEN: AtomicUsize = AtomicUsize::new(0);
    /// Where a list without elements goes, aligned for any.
    const NOWHERE: *mut u8 = ptr::without_provenance_mut(16);

    /// How the component ABI has the host ask for memory: once for each list that it returns, with the length of it. It
    /// takes the place of wasi-libc's function, which is weak, and does the same (`wasip2.c`) for all but the list
    /// that has a place already. The calls that lend one return no other list, and components are not entered meanwhile.
    #[unsafe(no_mangle)]
    extern "C" fn cabi_realloc(
        old: *mut u8,
        _old_len: usize,
        _align: usize,
        len: usize,
    ) -> *mut u8 {
        if len <= PLACE_LEN.load(Relaxed) {
            return PLACE.load(Relaxed);
        }
        // SAFETY: `old` is null, or this or libc's function of this name returned it and nobody has freed
        // it. libc aligns to 16 bytes, and the ABI asks for 8 at most.
        let new = unsafe { realloc(old, len) };
        if new.is_null() {
            std::process::abort();
        }
        new
    }

    /// Makes a call of the host that returns one list of `T`, which is to land in `place`.
    pub(super) fn lend<T>(place: &mut [T], call: impl FnOnce()) {
        set(place.as_mut_ptr().cast(), size_of_val(place));
        call();
        set(NOWHERE, 0);
    }

    #[inline(never)]
    fn set(place: *mut u8, len: usize) {
        PLACE.store(place, Relaxed);
        PLACE_LEN.store(len, Relaxed);
    }

    /// How many elements of the list that the call has returned are in its place: all.
    pub(super) fn settle<T>(place: &mut [T], start: *mut T, len: usize) -> usize {
        // As when the host makes a longer list than it may.
        if len > 0 && start != place.as_mut_ptr() {
            super::our_bug();
        }
        len
    }
}

/// What the host returns is a list of its own, which wasi-libc's `cabi_realloc` made by `realloc`.
#[cfg(not(feature = "in-place"))]
mod place {
    unsafe extern "C" {
        fn free(start: *mut u8);
    }

    /// Makes a call of the host that returns one list of `T`.
    pub(super) fn lend<T>(_place: &mut [T], call: impl FnOnce()) {
        call();
    }

    /// Moves the list that the call has returned to its place, as far as there is room, and returns how much that is.
    pub(super) fn settle<T: Copy>(place: &mut [T], start: *mut T, len: usize) -> usize {
        if len == 0 {
            return 0;
        }
        let taken = len.min(place.len());
        // SAFETY: the callers pass a list of `len` elements that the host has just returned, and nobody else
        // knows of.
        let list = unsafe { std::slice::from_raw_parts(start, len) };
        place[..taken].copy_from_slice(&list[..taken]);
        // SAFETY: as above; this is the last that is heard of it.
        unsafe { free(start.cast()) };
        taken
    }
}

/// Where nothing comes to: without threads nothing else takes a lock, or sets what was empty, and no function
/// but ours is the program's `cabi_realloc`.
#[cold]
#[inline(never)]
fn our_bug() -> ! {
    debug_assert!(
        false,
        "a lock was taken twice, a value that was set is gone, or another cabi_realloc is in our place"
    );
    std::process::abort()
}

/// What is set once, where there is one thread.
pub(super) struct Once<T>(OnceCell<T>);

// SAFETY: as for `Lock`.
unsafe impl<T: Send + Sync> Sync for Once<T> {}

impl<T> Once<T> {
    pub(super) const fn new() -> Self {
        Self(OnceCell::new())
    }

    #[cfg(feature = "net")]
    pub(super) fn with(value: T) -> Self {
        Self(OnceCell::from(value))
    }

    /// As that of the cell, without the check that `make` does not come here again: the first value stays.
    pub(super) fn get_or_init(&self, make: impl FnOnce() -> T) -> &T {
        match self.0.get() {
            Some(value) => value,
            None => self.get_first(make()),
        }
    }

    #[cold]
    #[inline(never)]
    fn get_first(&self, value: T) -> &T {
        let _ = self.0.set(value);
        match self.0.get() {
            Some(value) => value,
            None => our_bug(),
        }
    }
}

impl<T> Deref for Once<T> {
    type Target = OnceCell<T>;

    fn deref(&self) -> &OnceCell<T> {
        &self.0
    }
}

/// A value that is dropped in a function of its own, which is linked once: what goes with a source
/// is much code for each of the places that may drop one.
pub(super) struct DropApart<T>(ManuallyDrop<T>);

impl<T> DropApart<T> {
    pub(super) const fn new(value: T) -> Self {
        Self(ManuallyDrop::new(value))
    }
}

impl<T> Deref for DropApart<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> Drop for DropApart<T> {
    #[inline(never)]
    fn drop(&mut self) {
        // SAFETY: nothing sees the value after this, the only place that drops it.
        unsafe { ManuallyDrop::drop(&mut self.0) };
    }
}

const _: () = {
    assert!(!cfg!(wasio_threads), "`Lock` and `Once` are for one thread");
    assert!(size_of::<List>() == 8 && size_of::<usize>() == 4);
    assert!(size_of::<ReadResult>() == 12 && size_of::<WriteResult>() == 12);
    assert!(size_of::<CheckResult>() == 16 && offset_of!(CheckResult, payload) == 4);
    #[cfg(feature = "net")]
    assert!(size_of::<AddressResult>() == 36 && offset_of!(AddressResult, rest) == 8);
};

/// `wasi:io/poll.poll`: waits until one of the handles is ready, leaves the places of those that are
/// in `ready`, and returns how many they are.
///
/// Each handle must be of a pollable that lives, and there must be one: the host traps otherwise.
/// There must be room in `ready` for as many places.
#[inline(never)]
pub(super) fn poll(handles: &[u32], ready: &mut [u32]) -> usize {
    debug_assert!(!handles.is_empty(), "the host traps on an empty list");
    debug_assert!(ready.len() >= handles.len(), "no room for the answer");
    let mut list = List {
        start: NonNull::dangling().as_ptr(),
        len: 0,
    };
    place::lend(ready, || {
        // SAFETY: the host reads `len` handles at the pointer, and writes one list to `list`.
        unsafe { wasi_poll(handles.as_ptr(), handles.len(), &raw mut list) }
    });
    place::settle(ready, list.start, list.len)
}

/// `input-stream.read`: what is there, as far as `target` has room. 0 when there is nothing now.
#[inline(never)]
pub(super) fn read(stream: &InputStream, target: &mut [u8]) -> Result<usize, StreamError> {
    let mut result = ReadResult {
        is_error: 0,
        start: NonNull::dangling().as_ptr(),
        len: 0,
    };
    let room = target.len();
    place::lend(target, || {
        // SAFETY: the handle is of a stream that lives, and the host writes one result to `result`.
        unsafe { wasi_read(stream.handle(), room as u64, &raw mut result) }
    });
    let ReadResult {
        is_error,
        start,
        len,
    } = result;
    if is_error != 0 {
        return Err(stream_error(start.addr().to_le_bytes()[0], len));
    }
    Ok(place::settle(target, start, len as usize))
}

/// `output-stream.check-write`: how many bytes the next [`write`] may be of.
pub(super) fn check_write(stream: &OutputStream) -> Result<u64, StreamError> {
    let mut result = CheckResult {
        is_error: 0,
        payload: [0; 3],
    };
    // SAFETY: the handle is of a stream that lives, and the host writes one result to `result`.
    unsafe { wasi_check_write(stream.handle(), &raw mut result) };
    let [_, low, high] = result.payload;
    match result.is_error {
        0 => Ok(u64::from(low) | u64::from(high) << 32),
        _ => Err(stream_error(low.to_le_bytes()[0], high)),
    }
}

/// `output-stream.write`, of no more bytes than [`check_write`] permitted: the host traps otherwise.
pub(super) fn write(stream: &OutputStream, bytes: &[u8]) -> Result<(), StreamError> {
    let mut result = WriteResult {
        is_error: 0,
        tag: 0,
        handle: 0,
    };
    // SAFETY: the handle is of a stream that lives; the host reads `len` bytes at the pointer and
    // writes one result to `result`.
    unsafe {
        wasi_write(
            stream.handle(),
            bytes.as_ptr(),
            bytes.len(),
            &raw mut result,
        )
    };
    match result.is_error {
        0 => Ok(()),
        _ => Err(stream_error(result.tag.to_le_bytes()[0], result.handle)),
    }
}

/// The error with this tag and, if the tag says that there is one, this handle. The host writes one byte
/// of a tag.
#[cold]
fn stream_error(tag: u8, handle: u32) -> StreamError {
    match tag {
        // SAFETY: the host has just given us this handle of an error, and nobody else knows it.
        0 => StreamError::LastOperationFailed(unsafe { Error::from_handle(handle) }),
        _ => StreamError::Closed,
    }
}

/// `tcp-socket.local-address`: the address, or the number of the error code.
#[cfg(feature = "net")]
pub(super) fn local_address(socket: &TcpSocket) -> Result<SocketAddr, u8> {
    address(socket, wasi_local_address)
}

/// `tcp-socket.remote-address`.
#[cfg(feature = "net")]
pub(super) fn remote_address(socket: &TcpSocket) -> Result<SocketAddr, u8> {
    address(socket, wasi_remote_address)
}

#[cfg(feature = "net")]
#[inline(never)]
fn address(
    socket: &TcpSocket,
    ask: unsafe extern "C" fn(u32, *mut AddressResult),
) -> Result<SocketAddr, u8> {
    let mut result = AddressResult::default();
    // SAFETY: the two functions above pass imports that take the handle of a socket that lives and
    // write one result to `result`.
    unsafe { ask(socket.handle(), &raw mut result) };
    if result.is_error != 0 {
        return Err(result.tag);
    }
    let [port, low, high, more, parts @ .., scope, more_scope] = result.rest;
    if result.tag == 0 {
        let [a, b] = low.to_le_bytes();
        let [c, d] = high.to_le_bytes();
        return Ok(SocketAddr::from(([a, b, c, d], port)));
    }
    let wide = |low: u16, high: u16| u32::from(low) | u32::from(high) << 16;
    let (flow, scope) = (wide(high, more), wide(scope, more_scope));
    Ok(SocketAddrV6::new(parts.into(), port, flow, scope).into())
}

/// Has libc call a function when the program ends, by return or `exit`.
#[cfg(feature = "net")]
pub(super) fn at_exit(function: extern "C" fn()) {
    // SAFETY: libc calls `function` once, with no argument, and it is there for ever.
    let result = unsafe { atexit(function) };
    debug_assert_eq!(result, 0, "no room for one more function");
}

/// Accepts a connection that never blocks. Nobody is asked who connected: libc ends the program if
/// the peer is gone again by then.
#[cfg(feature = "net")]
pub(super) fn accept(listener: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let (address, len) = (std::ptr::null_mut(), std::ptr::null_mut());
    // SAFETY: without a place for the address libc writes nothing.
    let accepted = unsafe { accept4(listener.as_raw_fd(), address, len, NON_BLOCKING) };
    if accepted < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: libc opened it for us just now.
    Ok(unsafe { OwnedFd::from_raw_fd(accepted) })
}

/// libc's `poll`. Returns how many descriptors were found to be anything.
pub(super) fn poll_fds(fds: &mut [PollFd], timeout_ms: i32) -> io::Result<usize> {
    // SAFETY: the slice is `len` records that libc reads and writes in place.
    let len = unsafe { libc_poll(fds.as_mut_ptr(), fds.len(), timeout_ms) };
    usize::try_from(len).map_err(|_| io::Error::last_os_error())
}

/// The host that the component runs on.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct Wasi;

impl Host for Wasi {
    type Pollable = Pollable;

    fn now_ns(&self) -> u64 {
        monotonic_clock::now()
    }

    fn subscribe_instant(&self, at_ns: u64) -> Pollable {
        monotonic_clock::subscribe_instant(at_ns)
    }

    fn handle(pollable: &Pollable) -> Handle {
        pollable.handle()
    }

    fn poll(&self, handles: &[Handle], ready: &mut [u32]) -> usize {
        poll(handles, ready)
    }

    fn poll_fds(&self, fds: &mut [PollFd], timeout_ms: i32) -> io::Result<usize> {
        poll_fds(fds, timeout_ms)
    }

    #[cfg(feature = "net")]
    fn sweep_lingering(&self) -> Until {
        super::net::linger::sweep();
        super::net::linger::next_sweep_ns().map_or(Until::Never, Until::At)
    }

    fn forked(fork: &Arc<Shared<P2<Self>>>) {
        super::owned::add_fork(fork);
    }
}

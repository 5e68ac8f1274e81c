//! Declarations of the six host calls that the server makes.

use std::mem::offset_of;

/// An error number of WASI 0.1, never zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Errno(pub(crate) u16);

impl Errno {
    pub(crate) const AGAIN: Self = Self(6);
    pub(crate) const INTR: Self = Self(27);
}

pub(crate) const FD_READ: u8 = 1;
pub(crate) const FD_WRITE: u8 = 2;
const FDFLAGS_NONBLOCK: i32 = 4;

#[repr(C, align(8))]
#[derive(Clone, Copy)]
pub(crate) struct Subscription {
    pub(crate) userdata: u64,
    pub(crate) kind: u8,
    _padding: [u8; 7],
    pub(crate) fd: u32,
    _rest_of_union: [u8; 28],
}

impl Subscription {
    pub(crate) fn readable(fd: u32, userdata: u64) -> Self {
        Self {
            userdata,
            kind: FD_READ,
            _padding: [0; 7],
            fd,
            _rest_of_union: [0; 28],
        }
    }
}

#[repr(C, align(8))]
#[derive(Clone, Copy, Default)]
pub(crate) struct Event {
    pub(crate) userdata: u64,
    error: u16,
    kind: u8,
    bytes: u64,
    flags: u16,
}

const _: () = {
    assert!(size_of::<Subscription>() == 48 && offset_of!(Subscription, fd) == 16);
    assert!(size_of::<Event>() == 32 && offset_of!(Event, kind) == 10);
    assert!(offset_of!(Event, bytes) == 16 && offset_of!(Event, flags) == 24);
};

#[repr(C)]
struct IoVec {
    start: *const u8,
    len: usize,
}

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    #[link_name = "poll_oneoff"]
    fn host_poll(subs: *const Subscription, out: *mut Event, len: usize, n: *mut usize) -> i32;
    #[link_name = "fd_read"]
    fn host_read(fd: u32, vectors: *const IoVec, len: usize, n: *mut usize) -> i32;
    #[link_name = "fd_write"]
    fn host_write(fd: u32, vectors: *const IoVec, len: usize, n: *mut usize) -> i32;
    #[link_name = "sock_accept"]
    fn host_accept(fd: u32, flags: i32, accepted: *mut u32) -> i32;
    #[link_name = "fd_fdstat_set_flags"]
    safe fn host_set_flags(fd: u32, flags: i32) -> i32;
    #[link_name = "fd_close"]
    safe fn host_close(fd: u32) -> i32;
}

/// Waits for any of `subscriptions`. The events are written to the start of `events`, which is
/// resized to the length of `subscriptions`.
pub(crate) fn poll(
    subscriptions: &[Subscription],
    events: &mut Vec<Event>,
) -> Result<usize, Errno> {
    let len = subscriptions.len();
    events.resize(len, Event::default());
    let mut count = 0;
    // SAFETY: both arrays hold `len` records, and the host writes at most that many.
    let code = unsafe {
        host_poll(
            subscriptions.as_ptr(),
            events.as_mut_ptr(),
            len,
            &raw mut count,
        )
    };
    check(code).map(|()| count.min(len))
}

pub(crate) fn read(fd: u32, buffer: &mut [u8]) -> Result<usize, Errno> {
    let vector = IoVec {
        start: buffer.as_mut_ptr(),
        len: buffer.len(),
    };
    let mut count = 0;
    // SAFETY: `vector` describes `buffer`, which is borrowed mutably for the call.
    let code = unsafe { host_read(fd, &raw const vector, 1, &raw mut count) };
    check(code).map(|()| count)
}

pub(crate) fn write(fd: u32, bytes: &[u8]) -> Result<usize, Errno> {
    let vector = IoVec {
        start: bytes.as_ptr(),
        len: bytes.len(),
    };
    let mut count = 0;
    // SAFETY: `vector` describes `bytes`, which the host only reads.
    let code = unsafe { host_write(fd, &raw const vector, 1, &raw mut count) };
    check(code).map(|()| count)
}

/// Accepts a connection, and makes it non-blocking.
pub(crate) fn accept(listener: u32) -> Result<u32, Errno> {
    let mut accepted = 0;
    // SAFETY: `accepted` outlives the call, and the host writes nothing else.
    let code = unsafe { host_accept(listener, FDFLAGS_NONBLOCK, &raw mut accepted) };
    check(code).map(|()| accepted)
}

pub(crate) fn set_nonblocking(fd: u32) -> Result<(), Errno> {
    check(host_set_flags(fd, FDFLAGS_NONBLOCK))
}

pub(crate) fn close(fd: u32) {
    // If the close fails, there is nothing left to do.
    let _ = host_close(fd);
}

fn check(code: i32) -> Result<(), Errno> {
    match u16::try_from(code) {
        Ok(0) => Ok(()),
        Ok(code) => Err(Errno(code)),
        Err(_) => Err(Errno(u16::MAX)),
    }
}

//! The only door to a WASI 0.1 host: the imports, and safe functions over them. It makes
//! calls and no decisions.

#[cfg(feature = "net")]
use std::net::{TcpListener, TcpStream};
#[cfg(feature = "net")]
use std::os::fd::FromRawFd;

use super::abi::{Errno, Event, Fdstat, MONOTONIC, Subscription};
use super::host::Host;
#[cfg(feature = "net")]
use super::preopened;
#[cfg(feature = "net")]
use crate::sys::HandOut;

#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    #[link_name = "poll_oneoff"]
    fn wasi_poll_oneoff(
        subscriptions: *const Subscription,
        events: *mut Event,
        len: usize,
        written: *mut usize,
    ) -> i32;
    #[link_name = "clock_time_get"]
    fn wasi_clock_time_get(clock: u32, precision_ns: u64, time_ns: *mut u64) -> i32;
    #[link_name = "fd_fdstat_get"]
    fn wasi_fd_fdstat_get(fd: u32, stat: *mut Fdstat) -> i32;
    #[link_name = "fd_read"]
    fn wasi_fd_read(fd: u32, buffers: *const Buffer, len: usize, read: *mut usize) -> i32;
    #[link_name = "fd_write"]
    fn wasi_fd_write(fd: u32, buffers: *const Buffer, len: usize, written: *mut usize) -> i32;
}

// A host without sockets may lack these: they are imported only where `net` is used.
#[cfg(feature = "net")]
#[link(wasm_import_module = "wasi_snapshot_preview1")]
unsafe extern "C" {
    #[link_name = "fd_fdstat_set_flags"]
    fn wasi_fd_fdstat_set_flags(fd: u32, flags: u32) -> i32;
    #[link_name = "sock_accept"]
    fn wasi_sock_accept(fd: u32, flags: u32, accepted: *mut u32) -> i32;
    #[link_name = "sock_recv"]
    fn wasi_sock_recv(
        fd: u32,
        buffers: *const Buffer,
        len: usize,
        flags: u32,
        received: *mut usize,
        received_flags: *mut u16,
    ) -> i32;
    #[link_name = "sock_shutdown"]
    fn wasi_sock_shutdown(fd: u32, how: u32) -> i32;
}

/// `iovec` and `ciovec`.
#[repr(C)]
struct Buffer {
    start: *const u8,
    len: usize,
}

const _: () = {
    use std::mem::offset_of;
    assert!(size_of::<Buffer>() == 8 && align_of::<Buffer>() == 4);
    assert!(offset_of!(Buffer, start) == 0 && offset_of!(Buffer, len) == 4);
    assert!(size_of::<usize>() == 4);
};

/// The host that the module runs on.
#[derive(Copy, Clone, Debug, Default)]
pub(crate) struct Wasi;

impl Host for Wasi {
    const THREADS: bool = cfg!(wasio_threads);

    fn poll_oneoff(
        &self,
        subscriptions: &[Subscription],
        events: &mut [Event],
    ) -> Result<usize, Errno> {
        let len = subscriptions.len().min(events.len());
        // Set first: some hosts never write it.
        let mut written = 0;
        // SAFETY: `len` bounds both: the host reads the first `len` records of `subscriptions`
        // and writes at most `len` records to `events`, which is another, initialised, memory.
        let errno = unsafe {
            wasi_poll_oneoff(
                subscriptions.as_ptr(),
                events.as_mut_ptr(),
                len,
                &raw mut written,
            )
        };
        // A host that claims more events than it was asked for wrote at most `len`.
        check(errno).map(|()| written.min(len))
    }

    fn now_ns(&self) -> u64 {
        let mut time_ns = 0;
        // SAFETY: the host writes one u64 to `time_ns`.
        let errno = unsafe { wasi_clock_time_get(MONOTONIC, 1, &raw mut time_ns) };
        debug_assert!(
            errno == 0,
            "a host without a monotonic clock: errno {errno}"
        );
        time_ns
    }

    fn fdstat(&self, fd: u32) -> Result<Fdstat, Errno> {
        let mut stat = Fdstat::new(0, 0);
        // SAFETY: the host writes one `fdstat` to `stat`.
        let errno = unsafe { wasi_fd_fdstat_get(fd, &raw mut stat) };
        check(errno).map(|()| stat)
    }
}

/// `fd_read` into one buffer.
pub(crate) fn read(fd: u32, buffer: &mut [u8]) -> Result<usize, Errno> {
    let mut read = 0;
    let target = Buffer {
        start: buffer.as_mut_ptr(),
        len: buffer.len(),
    };
    // SAFETY: `target` is one buffer that the host may write all of, and `read` one usize.
    let errno = unsafe { wasi_fd_read(fd, &raw const target, 1, &raw mut read) };
    check(errno).map(|()| read.min(buffer.len()))
}

/// `fd_write` of one buffer.
pub(crate) fn write(fd: u32, buffer: &[u8]) -> Result<usize, Errno> {
    let mut written = 0;
    let source = Buffer {
        start: buffer.as_ptr(),
        len: buffer.len(),
    };
    // SAFETY: `source` is one buffer that the host only reads, and `written` one usize.
    let errno = unsafe { wasi_fd_write(fd, &raw const source, 1, &raw mut written) };
    check(errno).map(|()| written.min(buffer.len()))
}

/// The most buffers that one [`write_vectored`] hands to the host: head, body and
/// trailer of a message, with room to spare.
#[cfg(feature = "net")]
pub(crate) const MAX_BUFFERS: usize = 8;

/// `fd_write` of several buffers: of the first [`MAX_BUFFERS`] that have bytes.
#[cfg(feature = "net")]
pub(crate) fn write_vectored(fd: u32, buffers: &[std::io::IoSlice<'_>]) -> Result<usize, Errno> {
    let mut sources: [Buffer; MAX_BUFFERS] = std::array::from_fn(|_| Buffer {
        start: std::ptr::null(),
        len: 0,
    });
    let (mut count, mut total) = (0, 0_usize);
    let filled = buffers.iter().filter(|buffer| !buffer.is_empty());
    for (source, buffer) in sources.iter_mut().zip(filled) {
        *source = Buffer {
            start: buffer.as_ptr(),
            len: buffer.len(),
        };
        count += 1;
        // The same bytes may be listed more than once.
        total = total.saturating_add(buffer.len());
    }
    if count == 0 {
        return Ok(0);
    }
    let mut written = 0;
    // SAFETY: the first `count` of `sources` are the caller's buffers, borrowed for this call,
    // which the host only reads; it writes one usize to `written`.
    let errno = unsafe { wasi_fd_write(fd, sources.as_ptr(), count, &raw mut written) };
    check(errno).map(|()| written.min(total))
}

/// `fd_fdstat_set_flags`.
#[cfg(feature = "net")]
pub(crate) fn set_flags(fd: u32, flags: u16) -> Result<(), Errno> {
    // SAFETY: no memory is involved.
    let errno = unsafe { wasi_fd_fdstat_set_flags(fd, u32::from(flags)) };
    check(errno)
}

/// `sock_accept`.
#[cfg(feature = "net")]
pub(crate) fn accept(fd: u32, flags: u16) -> Result<TcpStream, Errno> {
    let mut accepted = 0;
    // SAFETY: the host writes one descriptor to `accepted`.
    let errno = unsafe { wasi_sock_accept(fd, u32::from(flags), &raw mut accepted) };
    check(errno)?;
    // SAFETY: the host has just made this descriptor for us, and nothing else knows it.
    Ok(unsafe { TcpStream::from_raw_fd(accepted.cast_signed()) })
}

/// `sock_recv` with `recv_peek`.
#[cfg(feature = "net")]
pub(crate) fn peek(fd: u32, buffer: &mut [u8]) -> Result<usize, Errno> {
    const RECV_PEEK: u32 = 1;
    let (mut received, mut received_flags) = (0, 0);
    let target = Buffer {
        start: buffer.as_mut_ptr(),
        len: buffer.len(),
    };
    // SAFETY: `target` is one buffer that the host may write all of; it writes one usize to
    // `received` and one u16 to `received_flags`.
    let errno = unsafe {
        wasi_sock_recv(
            fd,
            &raw const target,
            1,
            RECV_PEEK,
            &raw mut received,
            &raw mut received_flags,
        )
    };
    check(errno).map(|()| received.min(buffer.len()))
}

/// `sock_shutdown`. `how`: 1 for the read half, 2 for the write half, 3 for both.
#[cfg(feature = "net")]
pub(crate) fn shutdown(fd: u32, how: u8) -> Result<(), Errno> {
    // SAFETY: no memory is involved.
    let errno = unsafe { wasi_sock_shutdown(fd, u32::from(how)) };
    check(errno)
}

/// The next listener that the host handed in; `None` once all are handed out.
#[cfg(feature = "net")]
pub(crate) fn next_preopened() -> Option<TcpListener> {
    static HANDED_IN: HandOut<u32> = HandOut::new();
    let fd = HANDED_IN.next(|| preopened::scan(&Wasi))?;
    // SAFETY: the one scan saw the descriptor open, and `HANDED_IN`, which nothing else reaches,
    // gives it out once. Nobody else owns it: the host handed it in. It is not a connection that
    // the program accepted, as safe code has no listener before the first call. Unsafe code may
    // have made one of a number; `TcpListener::preopened` says that those numbers belong to it.
    Some(unsafe { TcpListener::from_raw_fd(fd.cast_signed()) })
}

fn check(errno: i32) -> Result<(), Errno> {
    match errno {
        0 => Ok(()),
        // The specification's errno is a u16; what does not fit was no WASI host.
        code => Err(u16::try_from(code).map_or(Errno::NOSYS, Errno)),
    }
}

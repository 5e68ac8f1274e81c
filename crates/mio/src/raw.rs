//! All unsafe code of the crate: the method of `FromRawFd`, which takes a descriptor
//! by its number, and calls of wasi-libc.
#![allow(
    unsafe_code,
    reason = "the trait's method is unsafe, and so are the calls"
)]

use std::os::fd::{FromRawFd, OwnedFd, RawFd};

macro_rules! from_raw_fd {
    ($($type:ty),+) => {
        $(impl FromRawFd for $type {
            /// The descriptor must be non-blocking.
            ///
            /// # Safety
            ///
            /// It must be open, and owned by the caller.
            unsafe fn from_raw_fd(descriptor: RawFd) -> Self {
                // SAFETY: the caller keeps the same contract.
                Self::from(unsafe { OwnedFd::from_raw_fd(descriptor) })
            }
        })+
    };
}

#[cfg(all(unix, feature = "net"))]
from_raw_fd!(
    crate::net::UnixDatagram,
    crate::net::UnixListener,
    crate::net::UnixStream
);
#[cfg(all(unix, feature = "os-ext"))]
from_raw_fd!(crate::unix::pipe::Receiver, crate::unix::pipe::Sender);
#[cfg(target_os = "wasi")]
from_raw_fd!(
    crate::net::TcpListener,
    crate::net::TcpStream,
    crate::net::UdpSocket
);

#[cfg(target_os = "wasi")]
pub(crate) use self::wasi::{accept, at_exit, wait_for_room};

#[cfg(target_os = "wasi")]
mod wasi {
    use std::io;
    use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd};
    use std::ptr;
    use std::time::Duration;

    /// Accepts a connection that never blocks. Nobody is asked who connected: libc ends the program
    /// if the peer is gone again by then.
    pub(crate) fn accept(listener: BorrowedFd<'_>) -> io::Result<OwnedFd> {
        let no_address = ptr::null_mut();
        let flags = libc::SOCK_NONBLOCK;
        // SAFETY: without a place for the address libc writes nothing.
        let accepted =
            unsafe { libc::accept4(listener.as_raw_fd(), no_address, ptr::null_mut(), flags) };
        if accepted < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: it was opened for us just now.
        Ok(unsafe { OwnedFd::from_raw_fd(accepted) })
    }

    /// Waits until the host takes more to send, or never will again; whether that is so.
    pub(crate) fn wait_for_room(stream: BorrowedFd<'_>, longest: Duration) -> bool {
        let mut asked = libc::pollfd {
            fd: stream.as_raw_fd(),
            events: libc::POLLOUT,
            revents: 0,
        };
        let timeout_ms = i32::try_from(longest.as_millis()).unwrap_or(i32::MAX);
        // SAFETY: there is one record, which libc reads and writes in place.
        let found = unsafe { libc::poll(&raw mut asked, 1, timeout_ms) };
        found != 0
    }

    /// Has libc call a function when the program ends, by return or `exit`.
    pub(crate) fn at_exit(function: extern "C" fn()) {
        // SAFETY: libc calls `function` once, with no argument, and it is there for ever.
        let result = unsafe { libc::atexit(function) };
        debug_assert_eq!(result, 0, "no room for one more function");
    }
}

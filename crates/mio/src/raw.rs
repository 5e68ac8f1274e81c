//! All unsafe code of the crate: what takes a descriptor by its number.
#![allow(unsafe_code, reason = "a number may be anything")]

use std::os::fd::{FromRawFd, OwnedFd, RawFd};
#[cfg(target_os = "wasi")]
use std::time::Duration;

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

/// The timeout of writes of a socket of libc's. `None` if it has none, or the number is another's.
#[cfg(target_os = "wasi")]
pub(crate) fn write_timeout(descriptor: RawFd) -> Option<Duration> {
    let mut timeout = libc::timeval {
        tv_sec: 0,
        tv_usec: 0,
    };
    let mut len = size_of_val(&timeout).try_into().ok()?;
    let value = (&raw mut timeout).cast();
    // SAFETY: `value` is `len` bytes, of which libc writes no more. A number that is not open is an
    // error.
    let result = unsafe {
        libc::getsockopt(
            descriptor,
            libc::SOL_SOCKET,
            libc::SO_SNDTIMEO,
            value,
            &mut len,
        )
    };
    let seconds = u64::try_from(timeout.tv_sec).ok()?;
    let micros = u64::try_from(timeout.tv_usec).ok()?;
    let timeout = Duration::from_secs(seconds) + Duration::from_micros(micros);
    (result == 0 && !timeout.is_zero()).then_some(timeout)
}

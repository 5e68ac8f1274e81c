//! All unsafe code of the crate: the method of `FromRawFd`, which takes a descriptor by its number.
#![allow(unsafe_code, reason = "the trait's method is unsafe")]

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

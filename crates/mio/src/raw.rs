//! All unsafe code of the crate: what takes a descriptor by its number.
#![allow(unsafe_code, reason = "a number may be anything")]

#[cfg(target_os = "wasi")]
use std::io;
#[cfg(target_os = "wasi")]
use std::mem::MaybeUninit;
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

/// Whether the number is that of a TCP socket of libc's that has no address.
///
/// Of such a socket libc answers all of this itself. It asks the host for the address of another one
/// at most.
#[cfg(target_os = "wasi")]
pub(crate) fn is_unbound_tcp(descriptor: RawFd) -> bool {
    option(descriptor, libc::SO_TYPE) == Some(libc::SOCK_STREAM)
        // The host may know no address either while a connection is made, or if that has failed.
        && option(descriptor, libc::SO_ERROR) == Some(0)
        && has_no_address(descriptor)
}

/// A number that is an option of a socket of libc's. `None` if the descriptor is of no socket.
#[cfg(target_os = "wasi")]
fn option(descriptor: RawFd, name: libc::c_int) -> Option<libc::c_int> {
    let mut value: libc::c_int = 0;
    let mut len = size_of_val(&value).try_into().ok()?;
    let place = (&raw mut value).cast();
    // SAFETY: `place` is `len` bytes, of which libc writes no more. A number that is not open is an
    // error.
    let result = unsafe { libc::getsockopt(descriptor, libc::SOL_SOCKET, name, place, &mut len) };
    (result == 0).then_some(value)
}

/// Whether libc says that a socket is not bound.
#[cfg(target_os = "wasi")]
fn has_no_address(descriptor: RawFd) -> bool {
    let mut address = MaybeUninit::<libc::sockaddr_storage>::uninit();
    let Ok(mut len) = size_of_val(&address).try_into() else {
        return false;
    };
    let place = address.as_mut_ptr().cast();
    // SAFETY: `place` is `len` bytes, of which libc writes no more. Nobody reads them. A number that
    // is not open is an error.
    let result = unsafe { libc::getsockname(descriptor, place, &mut len) };
    result != 0 && io::Error::last_os_error().raw_os_error() == Some(libc::EINVAL)
}

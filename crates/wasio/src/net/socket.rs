//! What every socket type passes on to the standard library's socket in its field `inner`:
//! registration, `Debug`, and the descriptor. A number becomes a socket through an unsafe method.

/// Implements the traits for a type that is an `IoSource` of `$std` and has `from_std`.
macro_rules! socket {
    ($socket:ident, $std:ty) => {
        crate::event::source_by_field!($socket, inner);

        impl std::fmt::Debug for $socket {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.inner.fmt(f)
            }
        }

        impl $socket {
            /// The standard library's socket that this is. An operation that may block, done
            /// through it, hides its outcome from wasio: use `try_io` for it.
            ///
            /// # Platform behaviour
            ///
            /// WASI 0.2: `None` unless it came by [`from_std`](Self::from_std). All others are
            /// resources of the host, which have no descriptor.
            #[must_use]
            pub fn as_std(&self) -> Option<&$std> {
                crate::net::MaybeStd::as_std(&*self.inner)
            }

            /// The standard library's socket that this is. It is deregistered, and stays
            /// non-blocking.
            ///
            /// # Errors
            ///
            /// [`Unsupported`](std::io::ErrorKind::Unsupported) where [`as_std`](Self::as_std) is
            /// `None`.
            ///
            /// # Platform behaviour
            ///
            /// WASI 0.2: what was peeked at and not read is lost.
            pub fn into_std(self) -> std::io::Result<$std> {
                crate::net::MaybeStd::into_std(self.inner.into_inner())
                    .ok_or_else(crate::net::no_descriptor)
            }
        }

        /// The socket is deregistered, and stays non-blocking.
        #[cfg(not(wasio_pollables))]
        impl From<$socket> for $std {
            fn from(socket: $socket) -> Self {
                socket.inner.into_inner()
            }
        }

        #[cfg(all(any(unix, target_os = "wasi"), not(wasio_pollables)))]
        const _: () = {
            use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, IntoRawFd, OwnedFd, RawFd};

            impl AsFd for $socket {
                fn as_fd(&self) -> BorrowedFd<'_> {
                    self.inner.as_fd()
                }
            }

            impl AsRawFd for $socket {
                fn as_raw_fd(&self) -> RawFd {
                    self.inner.as_raw_fd()
                }
            }

            impl IntoRawFd for $socket {
                fn into_raw_fd(self) -> RawFd {
                    self.inner.into_inner().into_raw_fd()
                }
            }

            #[allow(unsafe_code, reason = "the trait's method is unsafe")]
            impl FromRawFd for $socket {
                /// The descriptor must be non-blocking.
                ///
                /// # Safety
                ///
                /// As for the standard library's socket: it must be open, and owned.
                unsafe fn from_raw_fd(fd: RawFd) -> Self {
                    // SAFETY: the caller keeps the same contract.
                    Self::from_std(unsafe { <$std>::from_raw_fd(fd) })
                }
            }

            impl From<$socket> for OwnedFd {
                fn from(socket: $socket) -> Self {
                    socket.inner.into_inner().into()
                }
            }

            /// The descriptor must be non-blocking.
            impl From<OwnedFd> for $socket {
                fn from(fd: OwnedFd) -> Self {
                    Self::from_std(fd.into())
                }
            }
        };

        #[cfg(windows)]
        const _: () = {
            use std::os::windows::io::{
                AsRawSocket, AsSocket, BorrowedSocket, FromRawSocket, IntoRawSocket, OwnedSocket,
                RawSocket,
            };

            impl AsSocket for $socket {
                fn as_socket(&self) -> BorrowedSocket<'_> {
                    self.inner.as_socket()
                }
            }

            impl AsRawSocket for $socket {
                fn as_raw_socket(&self) -> RawSocket {
                    self.inner.as_raw_socket()
                }
            }

            impl IntoRawSocket for $socket {
                fn into_raw_socket(self) -> RawSocket {
                    self.inner.into_inner().into_raw_socket()
                }
            }

            #[allow(unsafe_code, reason = "the trait's method is unsafe")]
            impl FromRawSocket for $socket {
                /// The socket must be non-blocking.
                ///
                /// # Safety
                ///
                /// As for the standard library's socket: it must be open, and owned.
                unsafe fn from_raw_socket(socket: RawSocket) -> Self {
                    // SAFETY: the caller keeps the same contract.
                    Self::from_std(unsafe { <$std>::from_raw_socket(socket) })
                }
            }

            impl From<$socket> for OwnedSocket {
                fn from(socket: $socket) -> Self {
                    socket.inner.into_inner().into()
                }
            }

            /// The socket must be non-blocking.
            impl From<OwnedSocket> for $socket {
                fn from(socket: OwnedSocket) -> Self {
                    Self::from_std(socket.into())
                }
            }
        };
    };
}

pub(super) use socket;

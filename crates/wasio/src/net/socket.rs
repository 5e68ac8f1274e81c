//! What all types of sockets have: how they are made of a socket of the backend or of the standard
//! library, what both have calls for, registration, `Debug`, and the descriptor. A number becomes a
//! socket through an unsafe method.

/// Methods that forward to the field `inner`, each documented with `$errors`.
macro_rules! forward {
    ($errors:literal; $(
        $(#[$doc:meta])*
        fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty;
    )*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        #[doc = $errors]
        pub fn $name(&self, $($argument: $type),*) -> std::io::Result<$result> {
            self.inner.$name($($argument),*)
        }
    )*};
}

/// Implements it for a type with the field `inner`, an `IoSource` of the backend's socket of the same
/// name; `$std` is the standard library's.
macro_rules! socket {
    ($socket:ident, $std:ty) => {
        crate::event::source_by_field!($socket, inner);

        impl std::fmt::Debug for $socket {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.inner.fmt(f)
            }
        }

        impl $socket {
            /// A socket of the standard library as a source. It must be non-blocking:
            /// call its `set_nonblocking` first.
            ///
            /// # Platform behaviour
            ///
            /// There is a way back, `From`, except on WASI 0.2: see
            /// [`net`](crate::net#platform-behaviour).
            #[must_use]
            pub fn from_std(socket: $std) -> Self {
                Self::from_backend(crate::net::MaybeStd::from_std(socket))
            }

            pub(super) fn from_backend(socket: crate::sys::net::$socket) -> Self {
                Self {
                    inner: crate::IoSource::new(socket),
                }
            }

            crate::net::socket::forward! {
                "Those of the host; WASI 0.1: [`Unsupported`](std::io::ErrorKind::Unsupported).";

                /// The address of this side.
                fn local_addr() -> std::net::SocketAddr;

                /// Sets the number of hops that packets of this socket may take.
                fn set_ttl(ttl: u32) -> ();

                /// The number of hops that packets of this socket may take.
                fn ttl() -> u32;
            }

            /// Takes the error that the host keeps for the socket, if there is one.
            ///
            /// # Errors
            ///
            /// Those of the host.
            ///
            /// # Platform behaviour
            ///
            /// Hosts of WASI keep none: `None`, and the next read or write returns the error. WASI
            /// 0.2: a connect that failed has one, and so may a socket of the standard library.
            pub fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                self.inner.take_error()
            }

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
                self.try_into_std().map_err(|_| crate::net::no_descriptor())
            }

            /// As [`into_std`](Self::into_std), and returns the socket where that is an error. It is
            /// deregistered in both cases. For the drop-in `mio`.
            ///
            /// # Errors
            ///
            /// The socket, where [`as_std`](Self::as_std) is `None`.
            #[doc(hidden)]
            pub fn try_into_std(self) -> Result<$std, Self> {
                crate::net::MaybeStd::into_std(self.inner.into_inner()).map_err(Self::from_backend)
            }
        }

        /// The socket is deregistered, and stays non-blocking.
        #[cfg(not(wasio_resources))]
        impl From<$socket> for $std {
            fn from(socket: $socket) -> Self {
                socket.inner.into_inner()
            }
        }

        #[cfg(all(any(unix, target_os = "wasi"), not(wasio_resources)))]
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

/// Implements the caller's own operations, for a type with the field `inner`.
macro_rules! own_operations {
    ($socket:ident) => {
        impl $socket {
            /// Runs an operation of the caller's own on the socket (a system call, through
            /// `AsRawFd`), and arms it again if that fails.
            ///
            /// Both directions are armed, as `f` does not say which one it tried; a socket that is
            /// writable and has nothing to write then gives one needless event.
            /// [`try_io_with`](Self::try_io_with) avoids that.
            ///
            /// # Errors
            ///
            /// Those of `f`.
            pub fn try_io<F, T>(&self, f: F) -> std::io::Result<T>
            where
                F: FnOnce() -> std::io::Result<T>,
            {
                self.inner.do_io(|_| f())
            }

            /// As [`try_io`](Self::try_io), with the directions that `f` tries.
            ///
            /// # Errors
            ///
            /// Those of `f`.
            pub fn try_io_with<F, T>(&self, interest: crate::Interest, f: F) -> std::io::Result<T>
            where
                F: FnOnce() -> std::io::Result<T>,
            {
                self.inner.do_io_with(interest, |_| f())
            }
        }
    };
}

pub(super) use {forward, own_operations, socket};

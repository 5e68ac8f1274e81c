//! What every type with a field `inner`, an `IoSource`, passes on to it.

/// Registration and `Debug`.
macro_rules! source {
    ($type:ident) => {
        impl crate::event::Source for $type {
            fn register(
                &mut self,
                registry: &crate::Registry,
                token: crate::Token,
                interests: crate::Interest,
            ) -> std::io::Result<()> {
                self.inner.register(registry, token, interests)
            }

            fn reregister(
                &mut self,
                registry: &crate::Registry,
                token: crate::Token,
                interests: crate::Interest,
            ) -> std::io::Result<()> {
                self.inner.reregister(registry, token, interests)
            }

            fn deregister(&mut self, registry: &crate::Registry) -> std::io::Result<()> {
                self.inner.deregister(registry)
            }
        }

        impl std::fmt::Debug for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.inner.fmt(f)
            }
        }
    };
}

/// The traits of a descriptor; `FromRawFd`, which is unsafe, is in `raw`.
#[cfg(unix)]
macro_rules! descriptor {
    ($type:ident) => {
        const _: () = {
            use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};

            impl AsFd for $type {
                fn as_fd(&self) -> BorrowedFd<'_> {
                    self.inner.as_fd()
                }
            }

            impl AsRawFd for $type {
                fn as_raw_fd(&self) -> RawFd {
                    self.inner.as_raw_fd()
                }
            }

            impl IntoRawFd for $type {
                fn into_raw_fd(self) -> RawFd {
                    self.inner.into_inner().into_raw_fd()
                }
            }

            /// It is deregistered, and stays non-blocking.
            impl From<$type> for OwnedFd {
                fn from(source: $type) -> Self {
                    source.inner.into_inner().into()
                }
            }

            /// The descriptor must be non-blocking.
            impl From<OwnedFd> for $type {
                fn from(descriptor: OwnedFd) -> Self {
                    Self {
                        inner: wasio::IoSource::new(descriptor.into()),
                    }
                }
            }
        };
    };
}

/// `Read`, by way of that of a reference to what `inner` holds.
#[cfg(unix)]
macro_rules! reads {
    ($($type:ty),+) => {
        const _: () = {
            use std::io::{IoSliceMut, Read, Result};

            $(impl Read for $type {
                fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
                    self.inner
                        .do_read(buffer.len(), |mut inner| inner.read(buffer))
                }

                fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> Result<usize> {
                    let lens = buffers.iter().map(|buffer| buffer.len());
                    let len = lens.fold(0, usize::saturating_add);
                    self.inner
                        .do_read(len, |mut inner| inner.read_vectored(buffers))
                }
            })+
        };
    };
}

/// `Write`, by way of that of a reference to what `inner` holds.
#[cfg(unix)]
macro_rules! writes {
    ($($type:ty),+) => {
        const _: () = {
            use std::io::{IoSlice, Result, Write};

            use crate::Interest;

            $(impl Write for $type {
                fn write(&mut self, bytes: &[u8]) -> Result<usize> {
                    self.inner
                        .do_io_with(Interest::WRITABLE, |mut inner| inner.write(bytes))
                }

                fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> Result<usize> {
                    self.inner
                        .do_io_with(Interest::WRITABLE, |mut inner| inner.write_vectored(buffers))
                }

                /// Does nothing: there is no buffer on this side of the system.
                fn flush(&mut self) -> Result<()> {
                    Ok(())
                }
            })+
        };
    };
}

/// What a Unix socket has that may be connected to another.
#[cfg(all(unix, feature = "net"))]
macro_rules! connection {
    ($type:ident) => {
        impl $type {
            /// The address of this side.
            ///
            /// # Errors
            ///
            /// What the operating system says.
            pub fn local_addr(&self) -> std::io::Result<std::os::unix::net::SocketAddr> {
                self.inner.local_addr()
            }

            /// The address of the other side.
            ///
            /// # Errors
            ///
            /// [`NotConnected`](std::io::ErrorKind::NotConnected) if there is none.
            pub fn peer_addr(&self) -> std::io::Result<std::os::unix::net::SocketAddr> {
                self.inner.peer_addr()
            }

            /// Takes the error that is kept for the socket, if there is one.
            ///
            /// # Errors
            ///
            /// What the operating system says of the question itself.
            pub fn take_error(&self) -> std::io::Result<Option<std::io::Error>> {
                self.inner.take_error()
            }

            /// Closes one half of the connection, or both.
            ///
            /// # Errors
            ///
            /// What the operating system says.
            pub fn shutdown(&self, how: std::net::Shutdown) -> std::io::Result<()> {
                self.inner.shutdown(how)
            }

            /// Runs an operation of the caller's own on the socket (a system call, through
            /// `AsRawFd`), and arms it again if it says `WouldBlock`.
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
        }
    };
}

/// Back to the standard library's type.
#[cfg(all(unix, feature = "net"))]
macro_rules! into_std {
    ($type:ident, $std:ty) => {
        /// It is deregistered, and stays non-blocking.
        impl From<$type> for $std {
            fn from(source: $type) -> Self {
                source.inner.into_inner().into()
            }
        }
    };
}

#[cfg(all(unix, feature = "net"))]
pub(crate) use connection;
#[cfg(unix)]
pub(crate) use descriptor;
#[cfg(all(unix, feature = "net"))]
pub(crate) use into_std;
#[cfg(unix)]
pub(crate) use reads;
pub(crate) use source;
#[cfg(unix)]
pub(crate) use writes;

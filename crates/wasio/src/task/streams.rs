//! Streams of bytes with the traits of the crate futures-io, which much of the field is written for.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_io::{AsyncRead, AsyncWrite};

use super::io::Async;
use crate::event::Source;
use crate::portable::Direction;

/// Implements both traits for a type that an `&Async<T>` can be had from.
macro_rules! streams {
    ($($Type:ty),*) => {$(
        impl<T: Source> AsyncRead for $Type
        where
            for<'a> &'a T: Read,
        {
            fn poll_read(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.poll_operation(Direction::Read, context, |mut io| io.read(buffer))
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffers: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                self.poll_operation(Direction::Read, context, |mut io| io.read_vectored(buffers))
            }
        }

        impl<T: Source> AsyncWrite for $Type
        where
            for<'a> &'a T: Write,
        {
            fn poll_write(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.poll_operation(Direction::Write, context, |mut io| io.write(bytes))
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffers: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.poll_operation(Direction::Write, context, |mut io| io.write_vectored(buffers))
            }

            /// The flush of the source. That of [`Stdout`](crate::stdio::Stdout) blocks on WASI 0.3.
            fn poll_flush(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<io::Result<()>> {
                self.poll_operation(Direction::Write, context, |mut io| io.flush())
            }

            /// As `poll_flush`. The source is closed when it is dropped.
            fn poll_close(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
            ) -> Poll<io::Result<()>> {
                self.poll_flush(context)
            }
        }
    )*};
}

streams!(Async<T>, &Async<T>);

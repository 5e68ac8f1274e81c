//! Kinds of descriptors for which `wasi-common` has no type.

use std::any::Any;
use std::fs::File;
use std::io::{BufRead, BufReader, IoSlice, IoSliceMut, Read, Write};
#[cfg(unix)]
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wasi_common::file::{FdFlags, FileType, RiFlags, RoFlags, SdFlags, SiFlags};
use wasi_common::{Error, WasiFile};

use crate::run::capture::Shared;

/// One of many descriptors that share a socket. A test with 70 000 descriptors then needs only a
/// few sockets.
#[derive(Debug)]
pub(crate) struct SharedSocket(pub(crate) Arc<std::net::TcpStream>);

/// A descriptor that the host refuses to poll: `poll_oneoff` fails with INVAL as a whole if it is
/// among the subscriptions.
#[derive(Debug)]
pub(crate) struct RefusedFile;

/// Standard input from a file or pipe of the test.
///
/// It has the quirks that `wasi-common` has with the input of the process: `poll_oneoff` ignores
/// what is in the buffer, and the guest traps if the file cannot report how many bytes are ready,
/// as with `/dev/null`.
#[derive(Debug)]
pub(crate) struct Input {
    #[cfg(unix)]
    file: File,
    reader: Mutex<BufReader<File>>,
}

/// Standard input from a file, without a buffer: what the guest does not read is left to the next
/// program that has the same open file.
#[derive(Debug)]
pub(crate) struct InputFile(pub(crate) File);

/// Standard output that is captured in memory. It is always writable.
#[derive(Debug)]
pub(crate) struct Output {
    captured: Shared,
    #[cfg(unix)]
    always_writable: File,
}

impl Input {
    pub(crate) fn new(file: File) -> std::io::Result<Self> {
        Ok(Self {
            reader: Mutex::new(BufReader::with_capacity(8 * 1024, file.try_clone()?)),
            #[cfg(unix)]
            file,
        })
    }

    fn reader(&self) -> MutexGuard<'_, BufReader<File>> {
        self.reader.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Output {
    pub(crate) fn new(captured: Shared) -> std::io::Result<Self> {
        Ok(Self {
            captured,
            #[cfg(unix)]
            always_writable: File::options().write(true).open("/dev/null")?,
        })
    }
}

#[async_trait::async_trait]
impl WasiFile for SharedSocket {
    fn as_any(&self) -> &dyn Any {
        self
    }

    #[cfg(unix)]
    fn pollable(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }

    async fn get_filetype(&self) -> Result<FileType, Error> {
        Ok(FileType::SocketStream)
    }

    async fn get_fdflags(&self) -> Result<FdFlags, Error> {
        Ok(FdFlags::NONBLOCK)
    }

    async fn set_fdflags(&mut self, _flags: FdFlags) -> Result<(), Error> {
        Ok(())
    }

    fn num_ready_bytes(&self) -> Result<u64, Error> {
        #[cfg(unix)]
        return Ok(rustix::io::ioctl_fionread(&*self.0).map_err(std::io::Error::from)?);
        #[cfg(not(unix))]
        Ok(1)
    }

    async fn read_vectored<'a>(&self, buffers: &mut [IoSliceMut<'a>]) -> Result<u64, Error> {
        Ok((&*self.0).read_vectored(buffers)? as u64)
    }

    async fn write_vectored<'a>(&self, buffers: &[IoSlice<'a>]) -> Result<u64, Error> {
        Ok((&*self.0).write_vectored(buffers)? as u64)
    }

    async fn sock_recv<'a>(
        &self,
        buffers: &mut [IoSliceMut<'a>],
        flags: RiFlags,
    ) -> Result<(u64, RoFlags), Error> {
        let count = match buffers.first_mut() {
            Some(first) if flags.contains(RiFlags::RECV_PEEK) => self.0.peek(first)?,
            _ => (&*self.0).read_vectored(buffers)?,
        };
        Ok((count as u64, RoFlags::empty()))
    }

    async fn sock_send<'a>(&self, buffers: &[IoSlice<'a>], _: SiFlags) -> Result<u64, Error> {
        Ok((&*self.0).write_vectored(buffers)? as u64)
    }

    /// Does nothing, because other descriptors share the socket.
    async fn sock_shutdown(&self, _how: SdFlags) -> Result<(), Error> {
        Ok(())
    }
}

#[async_trait::async_trait]
impl WasiFile for RefusedFile {
    fn as_any(&self) -> &dyn Any {
        self
    }

    async fn get_filetype(&self) -> Result<FileType, Error> {
        Ok(FileType::SocketStream)
    }

    async fn get_fdflags(&self) -> Result<FdFlags, Error> {
        Ok(FdFlags::NONBLOCK)
    }

    async fn set_fdflags(&mut self, _flags: FdFlags) -> Result<(), Error> {
        Ok(())
    }
}

#[async_trait::async_trait]
impl WasiFile for Input {
    fn as_any(&self) -> &dyn Any {
        self
    }

    #[cfg(unix)]
    fn pollable(&self) -> Option<BorrowedFd<'_>> {
        Some(self.file.as_fd())
    }

    async fn get_filetype(&self) -> Result<FileType, Error> {
        Ok(FileType::Unknown)
    }

    async fn read_vectored<'a>(&self, buffers: &mut [IoSliceMut<'a>]) -> Result<u64, Error> {
        Ok(self.reader().read_vectored(buffers)? as u64)
    }

    async fn peek(&self, buffer: &mut [u8]) -> Result<u64, Error> {
        let mut reader = self.reader();
        let ready = reader.fill_buf()?;
        let count = ready.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ready[..count]);
        Ok(count as u64)
    }

    fn num_ready_bytes(&self) -> Result<u64, Error> {
        #[cfg(unix)]
        return Ok(rustix::io::ioctl_fionread(&self.file).map_err(std::io::Error::from)?);
        #[cfg(not(unix))]
        Ok(0)
    }
}

#[async_trait::async_trait]
impl WasiFile for InputFile {
    fn as_any(&self) -> &dyn Any {
        self
    }

    #[cfg(unix)]
    fn pollable(&self) -> Option<BorrowedFd<'_>> {
        Some(self.0.as_fd())
    }

    /// As `wasi-common` says of the input of the process.
    async fn get_filetype(&self) -> Result<FileType, Error> {
        Ok(FileType::Unknown)
    }

    async fn read_vectored<'a>(&self, buffers: &mut [IoSliceMut<'a>]) -> Result<u64, Error> {
        Ok((&self.0).read_vectored(buffers)? as u64)
    }

    fn num_ready_bytes(&self) -> Result<u64, Error> {
        #[cfg(unix)]
        return Ok(rustix::io::ioctl_fionread(&self.0).map_err(std::io::Error::from)?);
        #[cfg(not(unix))]
        Ok(0)
    }
}

#[async_trait::async_trait]
impl WasiFile for Output {
    fn as_any(&self) -> &dyn Any {
        self
    }

    #[cfg(unix)]
    fn pollable(&self) -> Option<BorrowedFd<'_>> {
        Some(self.always_writable.as_fd())
    }

    async fn get_filetype(&self) -> Result<FileType, Error> {
        Ok(FileType::Unknown)
    }

    async fn get_fdflags(&self) -> Result<FdFlags, Error> {
        Ok(FdFlags::APPEND)
    }

    async fn write_vectored<'a>(&self, buffers: &[IoSlice<'a>]) -> Result<u64, Error> {
        let mut count = 0;
        for buffer in buffers {
            count += (&self.captured).write(buffer)? as u64;
        }
        Ok(count)
    }
}

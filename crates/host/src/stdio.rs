//! Where a guest's input comes from and its output goes to.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Write};

/// What a guest reads from its standard input.
#[derive(Debug, Default)]
pub enum Stdin {
    /// Nothing: `/dev/null`, end of file at once.
    #[default]
    Null,
    /// These bytes through a pipe, then end of file.
    Bytes(Vec<u8>),
    /// A pipe that the test writes to, see
    /// [`Running::take_stdin`](crate::Running::take_stdin).
    Pipe,
    /// The input of this process.
    Inherit,
}

/// The guest's end of its input.
#[derive(Debug)]
pub(crate) enum Source {
    Null,
    Pipe(PipeReader),
    Inherit,
}

impl Stdin {
    /// The guest's end, and for [`Stdin::Pipe`] the test's.
    pub(crate) fn open(self) -> io::Result<(Source, Option<PipeWriter>)> {
        Ok(match self {
            Self::Null => (Source::Null, None),
            Self::Inherit => (Source::Inherit, None),
            Self::Bytes(bytes) => (Source::Pipe(pipe_with(bytes)?), None),
            Self::Pipe => {
                let (reader, writer) = io::pipe()?;
                (Source::Pipe(reader), Some(writer))
            }
        })
    }
}

/// A pipe whose other end gives `bytes` and then end of file.
fn pipe_with(bytes: Vec<u8>) -> io::Result<PipeReader> {
    let (reader, mut writer) = io::pipe()?;
    // A pipe holds little: what does not fit waits for the guest, not for us.
    // The thread ends when the guest has read all or closed its end.
    std::thread::Builder::new()
        .name("guest-stdin".into())
        .spawn(move || writer.write_all(&bytes))?;
    Ok(reader)
}

/// The reading end of a pipe as a file.
pub(crate) fn file_of(pipe: PipeReader) -> File {
    #[cfg(unix)]
    return std::os::fd::OwnedFd::from(pipe).into();
    #[cfg(windows)]
    return std::os::windows::io::OwnedHandle::from(pipe).into();
}

/// The file that is empty.
pub(crate) fn null() -> io::Result<File> {
    File::open(if cfg!(windows) { "NUL" } else { "/dev/null" })
}

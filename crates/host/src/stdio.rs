//! The standard input of a guest.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Write};

/// What a guest reads from its standard input.
#[derive(Debug, Default)]
pub enum Stdin {
    /// `/dev/null`: end of file at once.
    #[default]
    Null,
    /// A pipe with these bytes and then end of file.
    Bytes(Vec<u8>),
    /// A pipe that the test writes to: see [`Running::take_stdin`](crate::Running::take_stdin).
    Pipe,
    /// The standard input of this process.
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
    /// Opens the guest's end and, for [`Stdin::Pipe`], the test's end.
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

/// Creates a pipe that yields `bytes` and then end of file.
fn pipe_with(bytes: Vec<u8>) -> io::Result<PipeReader> {
    let (reader, mut writer) = io::pipe()?;
    // The bytes may not fit into the pipe, so a thread writes them. It ends when the guest has read
    // all of them or closed its end.
    std::thread::Builder::new()
        .name("guest-stdin".into())
        .spawn(move || writer.write_all(&bytes))?;
    Ok(reader)
}

/// Converts the reading end of a pipe to a file.
pub(crate) fn file_of(pipe: PipeReader) -> File {
    #[cfg(unix)]
    return std::os::fd::OwnedFd::from(pipe).into();
    #[cfg(windows)]
    return std::os::windows::io::OwnedHandle::from(pipe).into();
}

/// Opens the null device, which is always at end of file.
pub(crate) fn null() -> io::Result<File> {
    File::open(if cfg!(windows) { "NUL" } else { "/dev/null" })
}

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
    /// A file. The host reads no further than the guest does: the next program gets the rest.
    File(File),
    Inherit,
}

impl Stdin {
    /// Opens the guest's end and, for [`Stdin::Pipe`], the test's end.
    pub(crate) fn open(self) -> io::Result<(Source, Option<PipeWriter>)> {
        Ok(match self {
            Self::Null => (Source::Null, None),
            Self::Inherit => match inherited_file()? {
                Some(file) => (Source::File(file), None),
                None => (Source::Inherit, None),
            },
            Self::Bytes(bytes) => (Source::Pipe(pipe_with(bytes)?), None),
            Self::Pipe => {
                let (reader, writer) = io::pipe()?;
                (Source::Pipe(reader), Some(writer))
            }
        })
    }
}

/// The standard input of this process, if it is a regular file.
fn inherited_file() -> io::Result<Option<File>> {
    #[cfg(unix)]
    let owned = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned()?;
    #[cfg(windows)]
    let owned = std::os::windows::io::AsHandle::as_handle(&io::stdin()).try_clone_to_owned()?;
    let file = File::from(owned);
    // On Windows a console has none.
    let is_file = file.metadata().is_ok_and(|metadata| metadata.is_file());
    Ok(is_file.then_some(file))
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

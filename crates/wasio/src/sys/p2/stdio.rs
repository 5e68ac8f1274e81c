//! Standard streams on WASI 0.2: streams of the host, which never block.

use std::io;

use super::owned::Owned;
use super::target::Target;
use super::{error, stream};
use crate::Interest;
use crate::sys::resources::source::{HostSource, host_source};
use wasio_bindings::p2::{InputStream, OutputStream, get_stderr, get_stdin, get_stdout};

/// Standard input.
#[derive(Debug)]
pub(crate) struct Stdin {
    // Declared before its stream, and so dropped before it: the host traps otherwise.
    readable: Owned,
    stream: InputStream,
}

impl Stdin {
    pub(crate) fn new() -> io::Result<Self> {
        let stream = get_stdin();
        Ok(Self {
            readable: Owned::new(stream.subscribe()),
            stream,
        })
    }

    /// `_reported` is for backends on which a read may block.
    pub(crate) fn read(&self, target: &mut [u8], _reported: bool) -> io::Result<usize> {
        stream::read(&self.stream, target)
    }
}

impl HostSource for Stdin {
    fn target(&self, _interest: Interest) -> Target {
        Target::pollables(Some(self.readable.handle()), None)
    }
}

/// Standard output or standard error.
#[derive(Debug)]
pub(crate) struct Output {
    // Declared before its stream, as above.
    writable: Owned,
    stream: OutputStream,
}

impl Output {
    pub(crate) fn stdout() -> io::Result<Self> {
        Ok(Self::new(get_stdout()))
    }

    pub(crate) fn stderr() -> io::Result<Self> {
        Ok(Self::new(get_stderr()))
    }

    fn new(stream: OutputStream) -> Self {
        Self {
            writable: Owned::new(stream.subscribe()),
            stream,
        }
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let written = stream::write(&self.stream, bytes)?;
        if written > 0 {
            // The host may keep the bytes until a flush. If it fails later, the next write fails.
            self.stream
                .flush()
                .or_else(|error| error::of_stream(error).map_or(Ok(()), Err))?;
        }
        stream::or_would_block(written, bytes)
    }

    /// Whether the host does not have yet what was written: each write begins a flush, and until it
    /// has ended there is no room.
    pub(crate) fn has_unsent(&self) -> io::Result<bool> {
        match self.stream.check_write() {
            Ok(permit) => Ok(permit == 0),
            Err(error) => error::of_stream(error).map_or(Ok(false), Err),
        }
    }

    pub(crate) fn wait_until_sent(&self) -> io::Result<()> {
        while self.has_unsent()? {
            self.stream.subscribe().block();
        }
        Ok(())
    }
}

impl Drop for Output {
    /// With the stream the host would drop what it does not have yet.
    fn drop(&mut self) {
        // Nobody is left to say an error to.
        let _ = self.wait_until_sent();
    }
}

impl HostSource for Output {
    fn target(&self, _interest: Interest) -> Target {
        Target::pollables(None, Some(self.writable.handle()))
    }
}

host_source!(Stdin);
host_source!(Output);

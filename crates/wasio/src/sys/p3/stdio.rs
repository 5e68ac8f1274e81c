//! Standard streams on WASI 0.3: streams of the host, which never block.

use std::io;
use std::sync::Arc;

use super::alone::Alone;
use super::bindings::{CliResult, WriteEnd, read_stdin, write_stderr, write_stdout};
use super::error;
use super::operations;
use super::receiver::Receiver;
use super::sender::Sender;
use super::target::Target;
use crate::Interest;
use crate::portable::{Direction, Directions};
use crate::sys::resources::source::{HostSource, host_source};

/// Standard input.
#[derive(Debug)]
pub(crate) struct Stdin(Arc<Alone<Receiver<CliResult>>>);

impl Stdin {
    pub(crate) fn new() -> io::Result<Self> {
        let mut receiver = Receiver::new(error::of_stream);
        receiver.open(read_stdin());
        Ok(Self(Alone::new(receiver, Directions::NONE)))
    }

    /// `_reported` is for backends on which a read may block.
    pub(crate) fn read(&self, target: &mut [u8], _reported: bool) -> io::Result<usize> {
        let was_reading = self.0.part().is_busy();
        operations::retried_if(was_reading, || self.0.part().read(&self.0.signal, target))
    }
}

impl HostSource for Stdin {
    fn target(&self, _interest: Interest) -> Target {
        self.0.part().arm(&self.0.signal);
        Target::Signal(self.0.signal.id())
    }
}

/// Standard output or standard error.
#[derive(Debug)]
pub(crate) struct Output(Arc<Alone<Sender>>);

impl Output {
    pub(crate) fn stdout() -> io::Result<Self> {
        Ok(Self::new(write_stdout()))
    }

    pub(crate) fn stderr() -> io::Result<Self> {
        Ok(Self::new(write_stderr()))
    }

    fn new(stream: WriteEnd) -> Self {
        let sender = Sender::of_output(stream);
        Self(Alone::new(sender, Directions::one(Direction::Write)))
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        operations::retried(|| self.0.part().write(&self.0.signal, bytes))
    }

    /// Whether the host does not have yet what was written; `BrokenPipe` if it never will.
    pub(crate) fn has_unsent(&self) -> io::Result<bool> {
        self.0.part().try_is_busy()
    }

    pub(crate) fn wait_until_sent(&self) -> io::Result<()> {
        operations::wait_while(|| self.0.part().is_busy());
        self.has_unsent().map(drop)
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
        Target::Signal(self.0.signal.id())
    }
}

host_source!(Stdin);
host_source!(Output);

//! Standard streams on WASI 0.3: streams of the host, which never block.

use std::io;
use std::sync::Arc;

use super::bindings::{CliResult, WriteEnd, read_stdin, write_stderr, write_stdout};
use super::error;
use super::operations::Alone;
use super::receiver::Receiver;
use super::sender::Sender;
use super::source::{HostSource, host_source};
use super::target::Target;
use crate::Interest;

/// Standard input.
#[derive(Debug)]
pub(crate) struct Stdin(Arc<Alone<Receiver<CliResult>>>);

impl Stdin {
    pub(crate) fn new() -> io::Result<Self> {
        let receiver = Receiver::new(error::of_stream);
        receiver.open(read_stdin());
        Ok(Self(Alone::new(receiver)))
    }

    /// `_reported` is for backends on which a read may block.
    pub(crate) fn read(&self, target: &mut [u8], _reported: bool) -> io::Result<usize> {
        self.0.read(target)
    }
}

impl HostSource for Stdin {
    fn target(&self, _interest: Interest) -> Target {
        self.0.arm();
        Target::Signals([Some(self.0.signal()), None])
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
        let sender = Sender::new();
        sender.open(stream);
        Self(Alone::new(sender))
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    /// Whether the host does not have yet what was written.
    pub(crate) fn has_unsent(&self) -> bool {
        self.0.has_unsent()
    }

    pub(crate) fn wait_until_sent(&self) {
        self.0.wait_until_sent();
    }
}

impl Drop for Output {
    /// With the stream the host would drop what it does not have yet.
    fn drop(&mut self) {
        self.wait_until_sent();
    }
}

impl HostSource for Output {
    fn target(&self, _interest: Interest) -> Target {
        Target::Signals([None, Some(self.0.signal())])
    }
}

host_source!(Stdin);
host_source!(Output);

//! What the tests of the backend share.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::alone::{Alone, Part};
use super::super::bindings::{CliResult, Event, StreamFailure, read_stdin, write_stdout};
use super::super::operations;
use super::super::receiver::Receiver;
use super::super::selector::Selector;
use super::super::sender::Sender;
use super::super::signals::Signal;
use super::super::target::Target;
use super::host::{HOST, Host};
use super::peer::byte;
use super::rules::Rules;
use crate::lock::Guard;
use crate::portable::{Config, Direction, Directions, Key};
use crate::{Interest, Mode, Token};

/// The host for one test: the program that it runs is this process, whose operations are in one set.
pub(super) struct Turn {
    _alone: MutexGuard<'static, ()>,
}

impl Turn {
    pub(super) fn new(rules: Rules) -> Self {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        HOST.lock().begin(rules);
        Self { _alone: alone }
    }
}

impl Drop for Turn {
    /// After a test the host has had no misuse, and keeps nothing.
    fn drop(&mut self) {
        if !std::thread::panicking() {
            host().check();
            assert_eq!(host().open_handles(), 0, "handles are left");
        }
    }
}

pub(super) fn host() -> Guard<'static, Host> {
    HOST.lock()
}

pub(super) fn selector() -> Selector {
    Selector::new(Config::DEFAULT).unwrap()
}

/// A stream in each direction.
pub(super) struct Streams {
    pub(super) receiver: Receiver<CliResult>,
    pub(super) sender: Sender,
}

impl Part for Streams {
    fn complete(&mut self, signal: &Signal, event: Event) -> bool {
        self.receiver.complete(signal, event) || self.sender.complete(signal, event)
    }

    fn start_deferred(&mut self, signal: &Signal) {
        self.receiver.start_deferred(signal);
    }
}

pub(super) struct Source {
    pub(super) id: u32,
    pub(super) streams: Arc<Alone<Streams>>,
    /// The bytes so far.
    pub(super) read: u64,
    pub(super) written: u64,
}

fn reset(_: StreamFailure) -> io::Error {
    ErrorKind::ConnectionReset.into()
}

impl Source {
    pub(super) fn open(id: u32) -> Self {
        let source = Self::open_listener(id);
        source.streams.part().sender.open(write_stdout());
        source.streams.signal.set(Direction::Write, true);
        source
    }

    /// Its output is written to as standard output is.
    pub(super) fn open_output(id: u32) -> Self {
        let source = Self::open_listener(id);
        source.streams.part().sender = Sender::of_output(write_stdout());
        source.streams.signal.set(Direction::Write, true);
        source
    }

    /// What can only be read.
    pub(super) fn open_listener(id: u32) -> Self {
        {
            let host = &mut *host();
            host.peers.insert(id, Default::default());
            host.next_peer = id;
        }
        let mut receiver = Receiver::new(reset);
        receiver.open(read_stdin());
        let sender = Sender::default();
        Self {
            id,
            streams: Alone::new(Streams { receiver, sender }, Directions::NONE),
            read: 0,
            written: 0,
        }
    }

    pub(super) fn register(&self, selector: &Selector, interest: Interest, mode: Mode) -> Key {
        let token = Token(self.id as usize);
        selector
            .register_source(self.target(), token, interest, mode)
            .unwrap()
    }

    /// Armed for reading.
    pub(super) fn target(&self) -> Target {
        let signal = &self.streams.signal;
        self.streams.part().receiver.arm(signal);
        Target::Signal(signal.id())
    }

    pub(super) fn has_unsent(&self) -> bool {
        self.streams.part().sender.is_busy()
    }

    /// Whether all was sent that was written, as a flush of it says.
    pub(super) fn flush(&self) -> io::Result<bool> {
        Ok(!self.streams.part().sender.try_is_busy()?)
    }

    /// Gives the host room until it has taken all that was written.
    pub(super) fn send_all(&self) {
        while self.has_unsent() {
            self.set_room(true);
            operations::progress();
        }
    }

    /// Reads at most `len` bytes, which must be the next ones of the peer.
    pub(super) fn read(&mut self, len: usize) -> io::Result<usize> {
        let mut buffer = vec![0; len];
        let streams = &self.streams;
        let was_reading = streams.part().receiver.is_busy();
        let count = operations::retried_if(was_reading, || {
            let receiver = &mut streams.part().receiver;
            receiver.read(&streams.signal, &mut buffer)
        })?;
        for found in &buffer[..count] {
            assert_eq!(*found, byte(self.read), "the byte {}", self.read);
            self.read += 1;
        }
        Ok(count)
    }

    /// How many of `len` bytes are there.
    pub(super) fn peek(&self, len: usize) -> io::Result<usize> {
        let receiver = &mut self.streams.part().receiver;
        receiver.peek(&self.streams.signal, &mut vec![0; len])
    }

    pub(super) fn write(&mut self, len: u64) -> io::Result<usize> {
        let bytes: Vec<u8> = (self.written..self.written + len).map(byte).collect();
        let streams = &self.streams;
        let write = || streams.part().sender.write(&streams.signal, &bytes);
        let count = operations::retried(write)?;
        self.written += count as u64;
        Ok(count)
    }

    pub(super) fn send(&self, bytes: u64) {
        host().change(self.id, |peer| peer.sent += bytes);
    }

    pub(super) fn set_room(&self, room: bool) {
        host().change(self.id, |peer| peer.room = room);
    }

    /// The peer goes, by a reset or not.
    pub(super) fn end(&self, by_reset: bool) {
        host().change(self.id, |peer| peer.ended = Some(by_reset));
    }
}

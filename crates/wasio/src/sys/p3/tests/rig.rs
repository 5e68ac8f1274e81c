//! What the tests of the backend share.

use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::super::bindings::{CliResult, StreamFailure, read_stdin, write_stdout};
use super::super::operations::Alone;
use super::super::receiver::Receiver;
use super::super::selector::Selector;
use super::super::sender::Sender;
use super::super::target::Target;
use super::host::{HOST, Host};
use super::peer::byte;
use super::rules::Rules;
use crate::lock::Guard;
use crate::portable::{Config, Key};
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
pub(super) struct Source {
    pub(super) id: u32,
    pub(super) receiver: Arc<Alone<Receiver<CliResult>>>,
    pub(super) sender: Arc<Alone<Sender>>,
    /// The bytes so far.
    pub(super) read: u64,
    written: u64,
}

fn reset(_: StreamFailure) -> io::Error {
    ErrorKind::ConnectionReset.into()
}

impl Source {
    pub(super) fn open(id: u32) -> Self {
        {
            let host = &mut *host();
            host.peers.insert(id, Default::default());
            host.next_peer = id;
        }
        let receiver = Receiver::new(reset);
        receiver.open(read_stdin());
        let sender = Sender::new();
        sender.open(write_stdout());
        Self {
            id,
            receiver: Alone::new(receiver),
            sender: Alone::new(sender),
            read: 0,
            written: 0,
        }
    }

    pub(super) fn register(&self, selector: &Selector, interest: Interest, mode: Mode) -> Key {
        self.receiver.arm();
        let signals = [Some(self.receiver.signal()), Some(self.sender.signal())];
        let token = Token(self.id as usize);
        selector
            .register_source(Target::Signals(signals), token, interest, mode)
            .unwrap()
    }

    /// Reads at most `len` bytes, which must be the next ones of the peer.
    pub(super) fn read(&mut self, len: usize) -> io::Result<usize> {
        let mut buffer = vec![0; len];
        let count = self.receiver.read(&mut buffer)?;
        for found in &buffer[..count] {
            assert_eq!(*found, byte(self.read), "the byte {}", self.read);
            self.read += 1;
        }
        Ok(count)
    }

    pub(super) fn write(&mut self, len: u64) -> io::Result<usize> {
        let bytes: Vec<u8> = (self.written..self.written + len).map(byte).collect();
        let count = self.sender.write(&bytes)?;
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

//! Standard streams on WASI 0.1.
//!
//! A read of standard input blocks the guest on most hosts, whatever its flags, so
//! the host is asked to read only when input is known to be there.

use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Mutex, PoisonError};

use super::abi::{Errno, Event, Subscription};
use super::host::Host;
use super::raw::{self, Wasi};
use super::selector::waits_for;
use crate::portable::{Direction, Key};

const STDIN: u32 = 0;
const STDOUT: u32 = 1;
/// wasi-common reads standard input through a buffer of 8 KiB, and what is left
/// in that buffer is invisible to a poll. A read of this size passes it by.
const READ_LEN: usize = 8 * 1024;

/// Standard input with a buffer of its own.
#[derive(Debug)]
pub(crate) struct Stdin {
    /// It never blocks: a file, or nothing at all.
    always_ready: bool,
    state: Mutex<StdinState>,
}

#[derive(Debug)]
struct StdinState {
    buffer: Box<[u8]>,
    unread: std::ops::Range<usize>,
    /// Whether the event of the last poll has been used up by a read.
    used: bool,
}

impl Stdin {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            always_ready: waits_for(&Wasi, STDIN)?.is_always_ready(),
            state: Mutex::new(StdinState {
                buffer: vec![0; READ_LEN].into_boxed_slice(),
                unread: 0..0,
                used: false,
            }),
        })
    }

    /// `reported`: there was an event since the last time there was nothing to read.
    pub(crate) fn read(&self, target: &mut [u8], reported: bool) -> io::Result<usize> {
        if target.is_empty() {
            return Ok(0);
        }
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.unread.is_empty() {
            // An event may be old: even then the host is asked, but with the time that those
            // need which see nothing in a call that does not block (uvwasi).
            let fresh = reported && !state.used;
            state.used = fresh;
            let patience_ns = if fresh { 2_000_000 } else { 1 };
            if !self.always_ready && !is_readable(patience_ns) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            state.fill()?;
        }
        let read = state.take(target);
        // That arms the source, so that the next event is another one.
        state.used &= read == target.len();
        Ok(read)
    }
}

impl StdinState {
    fn fill(&mut self) -> io::Result<()> {
        match raw::read(STDIN, &mut self.buffer) {
            Ok(read) => {
                self.unread = 0..read;
                Ok(())
            }
            // wasmtime's own implementation says `intr` for "nothing yet".
            Err(Errno::AGAIN | Errno::INTR) => Err(io::ErrorKind::WouldBlock.into()),
            Err(errno) => Err(errno.into()),
        }
    }

    fn take(&mut self, target: &mut [u8]) -> usize {
        let len = self.unread.len().min(target.len());
        let start = self.unread.start;
        target[..len].copy_from_slice(&self.buffer[start..start + len]);
        self.unread.start += len;
        len
    }
}

/// Asks about standard input alone: the one question that every host answers exactly.
fn is_readable(patience_ns: u64) -> bool {
    let key = Key {
        index: 0,
        generation: 1,
    };
    let mut clock = Subscription::clock();
    clock.set_timeout_ns(patience_ns);
    let question = [clock, Subscription::descriptor(STDIN, key, Direction::Read)];
    let mut answers = [Event::ZERO; 2];
    // A host that refuses the question refuses to wait, and so never blocks.
    Wasi.poll_oneoff(&question, &mut answers)
        .map_or(true, |written| {
            answers[..written].iter().any(|event| !event.is_clock())
        })
}

impl AsRawFd for Stdin {
    fn as_raw_fd(&self) -> RawFd {
        STDIN.cast_signed()
    }
}

/// Standard output.
#[derive(Debug)]
pub(crate) struct Stdout;

impl Stdout {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self)
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(raw::write(STDOUT, bytes)?)
    }
}

impl AsRawFd for Stdout {
    fn as_raw_fd(&self) -> RawFd {
        STDOUT.cast_signed()
    }
}

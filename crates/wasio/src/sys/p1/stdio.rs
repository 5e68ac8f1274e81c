//! Standard streams on WASI 0.1.
//!
//! On most hosts a read of standard input blocks the guest, whatever its flags. So wasio reads only
//! when input is known to be available.

use std::io;
use std::os::fd::{AsRawFd, RawFd};

use super::abi::{Errno, Event, Subscription};
use super::host::Host;
use super::raw::{self, Wasi};
use super::selector::waits_for;
use crate::lock::Lock;
use crate::portable::{Direction, Key, Waits};

const STDIN: u32 = 0;
const STDOUT: u32 = 1;
const STDERR: u32 = 2;
/// wasi-common buffers standard input in 8 KiB, and a poll does not see what remains in that
/// buffer. A read of this size bypasses the buffer.
const READ_LEN: usize = 8 * 1024;

/// Standard input, with a buffer.
#[derive(Debug)]
pub(crate) struct Stdin {
    /// Whether a read never blocks: it is a file or `/dev/null`.
    always_ready: bool,
    state: Lock<StdinState>,
}

#[derive(Debug)]
struct StdinState {
    buffer: Box<[u8]>,
    unread: std::ops::Range<usize>,
    /// Whether a read has already relied on the last event.
    used: bool,
    /// How many reads in a row have found nothing.
    misses: u32,
}

/// After this many reads in a row that found nothing, the next one polls for 2 ms. A host may see no
/// input in a poll that does not block (uvwasi), and a program may read without waiting for events.
const MISSES: u32 = 16;

impl Stdin {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            always_ready: waits_for(&Wasi, STDIN)?.is_always_ready(),
            state: Lock::new(StdinState {
                buffer: vec![0; READ_LEN].into_boxed_slice(),
                unread: 0..0,
                used: false,
                misses: 0,
            }),
        })
    }

    /// Calls `note` with who waits for it: not the host, which knows nothing of what wasio has read
    /// and the program has not. Meanwhile no other thread reads.
    pub(crate) fn with_waits(&self, note: impl FnOnce(Waits)) {
        let state = self.state.lock();
        note(if self.always_ready {
            Waits::AlwaysReady
        } else if state.unread.is_empty() {
            Waits::Host
        } else {
            Waits::Unread
        });
    }

    /// `reported`: whether there was an event since a read last returned `WouldBlock`.
    pub(crate) fn read(&self, target: &mut [u8], reported: bool) -> io::Result<usize> {
        if target.is_empty() {
            return Ok(0);
        }
        let mut state = self.state.lock();
        if state.unread.is_empty() {
            // The event may be outdated, so poll again even then. The timeout is long enough for
            // hosts that see no input in a poll that does not block (uvwasi).
            let fresh = reported && !state.used;
            state.used = fresh;
            let is_thorough = fresh || state.misses >= MISSES;
            let timeout_ns = if is_thorough { 2_000_000 } else { 1 };
            state.misses = if is_thorough { 0 } else { state.misses + 1 };
            if !self.always_ready && !is_readable(timeout_ns) {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            state.misses = 0;
            state.fill()?;
        }
        let read = state.take(target);
        // A short read arms the source, so the next event will be a new one.
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
            // `wasmtime-wasi` returns `intr` if there is no input yet.
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

/// Polls standard input alone, which every host answers exactly.
fn is_readable(timeout_ns: u64) -> bool {
    let key = Key {
        index: 0,
        generation: 1,
    };
    let mut clock = Subscription::clock();
    clock.set_timeout_ns(timeout_ns);
    let subscriptions = [clock, Subscription::descriptor(STDIN, key, Direction::Read)];
    let mut events = [Event::ZERO; 2];
    match Wasi.poll_oneoff(&subscriptions, &mut events) {
        Ok(written) => events[..written].iter().any(|event| !event.is_clock()),
        // The next poll may say more, and a read might block.
        Err(Errno::INTR | Errno::AGAIN | Errno::NOMEM) => false,
        // A host that cannot poll it never blocks in a read of it either.
        Err(_) => true,
    }
}

impl AsRawFd for Stdin {
    fn as_raw_fd(&self) -> RawFd {
        STDIN.cast_signed()
    }
}

/// Standard output or standard error.
#[derive(Debug)]
pub(crate) struct Output(u32);

impl Output {
    pub(crate) fn stdout() -> io::Result<Self> {
        Ok(Self(STDOUT))
    }

    pub(crate) fn stderr() -> io::Result<Self> {
        Ok(Self(STDERR))
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        Ok(raw::write(self.0, bytes)?)
    }

    /// A write returns once the host has the bytes.
    pub(crate) const fn has_unsent(&self) -> io::Result<bool> {
        Ok(false)
    }

    pub(crate) const fn wait_until_sent(&self) -> io::Result<()> {
        Ok(())
    }
}

impl AsRawFd for Output {
    fn as_raw_fd(&self) -> RawFd {
        self.0.cast_signed()
    }
}

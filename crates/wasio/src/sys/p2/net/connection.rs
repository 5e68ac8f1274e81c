//! The two streams of a connection, and what was read ahead of the program.

use std::cell::RefMut;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use wasip2::io::poll::Pollable;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};

use crate::Interest;
use crate::io_outcome::IoOutcome;
use crate::lock::Lock;
use crate::portable::Direction;
use crate::registration::Registration;
use crate::sys::imp::owned::Owned;
use crate::sys::imp::raw::{self, Once};
use crate::sys::imp::target::Target;
use crate::sys::imp::{ready, stream};

/// The most that is read of a new connection before the program asks for it.
const PREFETCH_LEN: usize = 512;

pub(super) struct Connection {
    // Children before their parents: the host traps otherwise.
    readable: Once<Owned>,
    writable: Once<Owned>,
    input: InputStream,
    output: OutputStream,
    /// Whether anything was written.
    wrote: AtomicBool,
    peeked: Lock<Peeked>,
}

/// What `peek` took from the host and no read has taken yet.
#[derive(Default)]
struct Peeked {
    bytes: Vec<u8>,
    /// What came after the bytes.
    error: Option<StreamError>,
}

impl Connection {
    pub(super) fn new(input: InputStream, output: OutputStream) -> Self {
        let connection = Self {
            readable: Once::new(),
            writable: Once::new(),
            input,
            output,
            wrote: AtomicBool::new(false),
            peeked: Lock::default(),
        };
        connection.prefetch();
        connection
    }

    /// Reads what is there already. wasmtime calls a new stream ready until a read of it has found
    /// nothing: without this every connection would begin with an event for nothing.
    fn prefetch(&self) {
        // The first read is given what this finds. A stream that has ended says so again.
        let mut first = [0; PREFETCH_LEN];
        let mut peeked = self.peeked();
        match raw::read(&self.input, &mut first) {
            Ok(len) => peeked.bytes = first.get(..len).unwrap_or_default().to_vec(),
            Err(error) => peeked.error = Some(error),
        }
    }

    pub(super) fn read(
        &self,
        buffer: &mut [u8],
        registration: Option<&Registration>,
    ) -> io::Result<usize> {
        if self.peeked().is_empty() {
            return stream::read(&self.input, buffer);
        }
        self.read_peeked(buffer, registration)
    }

    #[cold]
    #[inline(never)]
    fn read_peeked(
        &self,
        buffer: &mut [u8],
        registration: Option<&Registration>,
    ) -> io::Result<usize> {
        let mut peeked = self.peeked();
        let len = peeked.copy_to(buffer);
        peeked.bytes.drain(..len);
        let result = match len {
            // Only the error is left.
            0 => stream::ended(peeked.error.take()),
            len => Ok(len),
        };
        let is_drained = peeked.is_empty();
        drop(peeked);
        if is_drained {
            self.update_target(registration);
        }
        result
    }

    pub(super) fn peek(
        &self,
        buffer: &mut [u8],
        registration: Option<&Registration>,
    ) -> io::Result<usize> {
        let mut peeked = self.peeked();
        let known = peeked.bytes.len();
        if known < buffer.len() && peeked.error.is_none() {
            // The caller's buffer has room for what comes after the bytes that are known.
            match raw::read(&self.input, &mut buffer[known..]) {
                Ok(0) if known == 0 => return Err(io::ErrorKind::WouldBlock.into()),
                Ok(len) => peeked.bytes.extend_from_slice(&buffer[known..][..len]),
                Err(error) => peeked.error = Some(error),
            }
        }
        if peeked.bytes.is_empty()
            && let Some(error) = peeked.error.take()
        {
            drop(peeked);
            self.update_target(registration);
            return stream::ended(Some(error));
        }
        Ok(peeked.copy_to(buffer))
    }

    fn peeked(&self) -> RefMut<'_, Peeked> {
        self.peeked.lock()
    }

    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = stream::write(&self.output, bytes)?;
        // wasmtime flushes in the background, but updates `check-write` only when the pollable is
        // polled. Without this a stream that is not registered for writing would stay full.
        if written == 0 && ready::is_ready(self.writable().handle()) {
            written = stream::write(&self.output, bytes)?;
        }
        if written > 0 {
            self.wrote.store(true, Ordering::Relaxed);
        }
        stream::or_would_block(written, bytes)
    }

    fn writable(&self) -> &Pollable {
        self.writable.get_or_init(|| self.subscribe_to_output())
    }

    /// Ready when the host takes more to send, or never will again.
    pub(super) fn subscribe_to_output(&self) -> Owned {
        Owned::new(self.output.subscribe())
    }

    /// Whether the host has not sent yet what it took.
    pub(super) fn has_unsent(&self) -> bool {
        let takes_none = || matches!(raw::check_write(&self.output), Ok(0));
        self.wrote.load(Ordering::Relaxed) && takes_none()
    }

    /// Replaces the pending connect in its registration. The event that ended the connect carried
    /// no bytes: the first of them are another event, also for a program that has not read yet.
    pub(super) fn on_connected(&self, registration: Option<&Registration>) {
        if let Some(registration) = registration {
            let (selector, key) = (registration.selector(), registration.key());
            let Some(interest) = selector.interest(key) else {
                return;
            };
            selector.set_source(key, self.target(interest));
            selector.after_io(key, Direction::Read, IoOutcome::WouldBlock);
        }
    }

    /// Waits for the host again: what was read ahead has been taken.
    fn update_target(&self, registration: Option<&Registration>) {
        if let Some(registration) = registration {
            let target = self.target(Interest::READABLE);
            (registration.selector()).set_source(registration.key(), target);
        }
    }

    #[inline(never)]
    pub(super) fn target(&self, interest: Interest) -> Target {
        if interest.is_readable() {
            self.readable
                .get_or_init(|| Owned::new(self.input.subscribe()));
        }
        if interest.is_writable() {
            self.writable();
        }
        let handle = |pollable: &Once<Owned>| pollable.get().map(|owned| owned.handle());
        let read = if self.peeked().is_empty() {
            handle(&self.readable)
        } else {
            Some(ready::always_ready())
        };
        Target::pollables(read, handle(&self.writable))
    }
}

impl Peeked {
    const fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.error.is_none()
    }

    fn copy_to(&self, buffer: &mut [u8]) -> usize {
        let len = self.bytes.len().min(buffer.len());
        buffer[..len].copy_from_slice(&self.bytes[..len]);
        len
    }
}

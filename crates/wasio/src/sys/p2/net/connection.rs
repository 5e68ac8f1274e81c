//! The two streams of a connection, and what was read ahead of the program.

use std::cell::RefMut;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::Interest;
use crate::io_outcome::IoOutcome;
use crate::lock::Lock;
use crate::portable::Direction;
use crate::registration::Registration;
use crate::sys::imp::cell::Once;
use crate::sys::imp::owned::{self, Owned};
use crate::sys::imp::target::Target;
use crate::sys::imp::{ready, stream};
use crate::sys::resources::net::handles::Counted;
use crate::sys::resources::net::peeked::Peeked;
use wasio_bindings::p2::{InputStream, OutputStream, Pollable, TcpSocket, monotonic_clock};

/// The most that is read of a new connection before the program asks for it.
const PREFETCH_LEN: usize = 512;

/// The longest that the first write of a connection waits for the host, once. wasmtime's command line
/// takes some microseconds on a machine with a free core. With 1 ms, one of about 23 000 connections
/// found no room on a busy one.
const FIRST_WRITE_WAIT_NS: u64 = 10_000_000;

/// The socket of a connection. It has two streams, and each a pollable, which the poll borrows.
pub(super) type ConnectionSocket = Counted<TcpSocket, 7>;

pub(super) struct Connection {
    // Children before their parents: the host traps otherwise.
    readable: Once<Owned>,
    writable: Once<Owned>,
    input: InputStream,
    output: OutputStream,
    /// Whether anything was written.
    wrote: AtomicBool,
    /// Whether a write has waited for a host that did not know yet whether there is room.
    has_waited: AtomicBool,
    peeked: Lock<Peeked>,
}

impl Connection {
    pub(super) fn new(input: InputStream, output: OutputStream) -> Self {
        let connection = Self {
            readable: Once::new(),
            writable: Once::new(),
            input,
            output,
            wrote: AtomicBool::new(false),
            has_waited: AtomicBool::new(false),
            peeked: Lock::default(),
        };
        connection.prefetch();
        connection
    }

    /// Reads what is there already. wasmtime calls a new stream ready until a read of it has found
    /// nothing: without this the first event of every connection would be for nothing.
    fn prefetch(&self) {
        // The first read is given what this finds. A stream that has ended returns that again.
        let mut first = [0; PREFETCH_LEN];
        let result = stream::read(&self.input, &mut first);
        self.peeked().keep(result, &first);
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
    fn read_peeked(
        &self,
        buffer: &mut [u8],
        registration: Option<&Registration>,
    ) -> io::Result<usize> {
        let known = self.peeked().take(buffer);
        if self.peeked().is_empty() {
            self.update_target(registration);
        }
        known.unwrap_or_else(|| stream::read(&self.input, buffer))
    }

    pub(super) fn peek(
        &self,
        buffer: &mut [u8],
        registration: Option<&Registration>,
    ) -> io::Result<usize> {
        let mut peeked = self.peeked();
        let before = peeked.held();
        let result = peeked.peek(buffer, |buffer| stream::read(&self.input, buffer));
        let (after, is_empty) = (peeked.held(), peeked.is_empty());
        drop(peeked);
        // The host reports no more what the peek has taken. So wasio does, if the program does not
        // know of it by an event.
        let is_told = registration.is_some_and(|one| one.is_silent(Direction::Read));
        if after != before && (is_empty || !is_told) {
            self.update_target(registration);
        }
        result
    }

    /// Takes its pollables out of the forks of selectors, before they go.
    pub(super) fn leave_forks(&self) {
        for pollable in [&self.readable, &self.writable] {
            if let Some(owned) = pollable.get() {
                owned::forget_pollable(owned.handle());
            }
        }
    }

    fn peeked(&self) -> RefMut<'_, Peeked> {
        self.peeked.lock()
    }

    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = stream::write(&self.output, bytes)?;
        if written == 0 && !bytes.is_empty() && self.has_room() {
            written = stream::write(&self.output, bytes)?;
        }
        if written > 0 {
            self.wrote.store(true, Ordering::Relaxed);
        }
        stream::or_would_block(written, bytes)
    }

    /// Whether there is room although `check-write` said that there is none. wasmtime flushes in the
    /// background, but updates `check-write` only when the pollable is polled. Without this a stream
    /// that is not registered for writing would stay full.
    #[cold]
    fn has_room(&self) -> bool {
        let writable = self.writable().handle();
        if ready::is_ready(writable) {
            return true;
        }
        // A host whose sockets are watched by another thread learns that a new stream has room only
        // when that thread has run: wasmtime's command line. A stream has room for its first write.
        let waits =
            !self.wrote.load(Ordering::Relaxed) && !self.has_waited.swap(true, Ordering::Relaxed);
        waits && {
            let clock = monotonic_clock::subscribe_duration(FIRST_WRITE_WAIT_NS);
            ready::is_ready_before(writable, clock.handle())
        }
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
        let takes_none = || matches!(self.output.check_write(), Ok(0));
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

    pub(super) fn target(&self, interest: Interest) -> Target {
        if interest.is_readable() {
            self.readable
                .get_or_init(|| Owned::new(self.input.subscribe()));
        }
        if interest.is_writable() {
            self.writable();
        }
        let handle = |pollable: &Once<Owned>| pollable.get().map(|owned| owned.handle());
        Target::pollables(handle(&self.readable), handle(&self.writable))
            .with_read_ahead(!self.peeked().is_empty())
    }
}

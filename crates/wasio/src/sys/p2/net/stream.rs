//! TCP connections, and attempts at them.

use std::cell::RefMut;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{self, Shutdown, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use wasip2::io::poll::Pollable;
use wasip2::io::streams::{InputStream, OutputStream, StreamError};
use wasip2::sockets::tcp::{ShutdownType, TcpSocket};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

use super::attempt::{Attempt, Attempting};
use super::{address, checked, hop_limit, libc, linger};
use crate::Interest;
use crate::io_outcome::IoOutcome;
use crate::lock::Lock;
use crate::portable::{Direction, Key};
use crate::sys::imp::Selector;
use crate::sys::imp::owned::Owned;
use crate::sys::imp::raw::{self, DropApart, Once};
use crate::sys::imp::source::{Pollables, pollable_source};
use crate::sys::imp::target::Target;
use crate::sys::imp::{error, ready, stream};

/// The most that is taken of a new connection's first bytes.
const FIRST_LEN: usize = 512;

/// A message of several buffers is copied together up to this length.
const MAX_JOINED: usize = 64 * 1024;

/// A connection of the host's, or of libc's.
pub(crate) struct TcpStream(DropApart<Kind>);

enum Kind {
    Native(Arc<Native>),
    Std(Box<dyn libc::Stream>),
}

pub(crate) struct Native {
    // Children before their parent, here and in `Connection`: the host traps otherwise.
    /// Set once there is a connection.
    connection: Once<Connection>,
    /// `None` for one that was accepted.
    attempt: Option<Box<dyn Attempting>>,
    socket: TcpSocket,
    /// What was asked for: see [`TcpStream::set_nodelay`].
    nodelay: AtomicBool,
}

pub(super) struct Connection {
    readable: Once<Owned>,
    writable: Once<Owned>,
    input: InputStream,
    output: OutputStream,
    /// Whether anything was written.
    wrote: AtomicBool,
    peeked: Lock<Peeked>,
    registration: Lock<Option<(Selector, Key)>>,
}

/// What `peek` took from the host and no read has taken yet.
#[derive(Default)]
struct Peeked {
    bytes: Vec<u8>,
    /// What came after the bytes.
    error: Option<StreamError>,
}

impl TcpStream {
    const fn from_kind(kind: Kind) -> Self {
        Self(DropApart::new(kind))
    }

    pub(super) fn connect(address: SocketAddr) -> io::Result<Self> {
        let socket = checked(create_tcp_socket(address::family(&address)))?;
        checked(socket.start_connect(address::network(), address::to_host(address)))?;
        let native = Native {
            connection: Once::new(),
            attempt: Some(Box::new(Attempt::new(&socket))),
            socket,
            nodelay: AtomicBool::new(false),
        };
        // wasmtime does not begin before it is asked about the outcome for the first time.
        native.try_finish();
        Ok(Self::from_kind(Kind::Native(Arc::new(native))))
    }

    pub(super) fn accepted(socket: TcpSocket, input: InputStream, output: OutputStream) -> Self {
        Self::from_kind(Kind::Native(Arc::new(Native {
            connection: Once::with(Connection::new(input, output).warmed()),
            attempt: None,
            socket,
            nodelay: AtomicBool::new(false),
        })))
    }

    pub(crate) fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match &*self.0 {
            Kind::Native(native) => native.connection()?.read(buffer),
            Kind::Std(stream) => stream.read(buffer),
        }
    }

    pub(crate) fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match &*self.0 {
            Kind::Native(native) => native.connection()?.peek(buffer),
            Kind::Std(stream) => stream.peek(buffer),
        }
    }

    /// Fills the first buffer that has room: the host fills no more than one.
    pub(crate) fn recv_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        match buffers.iter_mut().find(|buffer| !buffer.is_empty()) {
            Some(buffer) => self.recv(buffer),
            None => Ok(0),
        }
    }

    pub(crate) fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        match &*self.0 {
            Kind::Native(native) => native.connection()?.write(bytes),
            Kind::Std(stream) => stream.write(bytes),
        }
    }

    /// In one write, so that a message of several buffers is not several segments, for which the
    /// peer's delayed acknowledgements would cost 40 ms each.
    pub(crate) fn send_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        let mut filled = buffers.iter().filter(|buffer| !buffer.is_empty());
        let Some(first) = filled.next() else {
            return Ok(0);
        };
        let Some(second) = filled.next() else {
            return self.send(first);
        };
        let mut joined = Vec::with_capacity(first.len().min(MAX_JOINED));
        for buffer in [first, second].into_iter().chain(filled) {
            let room = MAX_JOINED - joined.len();
            joined.extend_from_slice(&buffer[..buffer.len().min(room)]);
        }
        self.send(&joined)
    }

    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let native = match &*self.0 {
            Kind::Native(native) => native,
            Kind::Std(stream) => return stream.shutdown(how),
        };
        native.established()?;
        checked(native.socket.shutdown(match how {
            Shutdown::Read => ShutdownType::Receive,
            Shutdown::Write => ShutdownType::Send,
            Shutdown::Both => ShutdownType::Both,
        }))
    }

    /// The error of an attempt to connect. An error of the connection is one of its next operation.
    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match &*self.0 {
            Kind::Native(native) => match native.connection() {
                Ok(_) => Ok(None),
                Err(error) => match error.kind() {
                    // Not over, or it was taken before.
                    io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected => Ok(None),
                    _ => Ok(Some(error)),
                },
            },
            Kind::Std(stream) => stream.take_error(),
        }
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match &*self.0 {
            Kind::Native(native) => {
                native.try_finish();
                raw::local_address(&native.socket).map_err(error::of_number)
            }
            Kind::Std(stream) => stream.local_addr(),
        }
    }

    pub(crate) fn peer_addr(&self) -> io::Result<SocketAddr> {
        match &*self.0 {
            Kind::Native(native) => {
                native.established()?;
                raw::remote_address(&native.socket).map_err(error::of_number)
            }
            Kind::Std(stream) => stream.peer_addr(),
        }
    }

    /// The interface has no such option, and hosts send at once what they are given: as
    /// wasi-libc, it is remembered and changes nothing.
    pub(crate) fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        match &*self.0 {
            Kind::Native(native) => {
                native.nodelay.store(nodelay, Ordering::Relaxed);
                Ok(())
            }
            Kind::Std(stream) => stream.set_nodelay(nodelay),
        }
    }

    pub(crate) fn nodelay(&self) -> io::Result<bool> {
        match &*self.0 {
            Kind::Native(native) => Ok(native.nodelay.load(Ordering::Relaxed)),
            Kind::Std(stream) => stream.nodelay(),
        }
    }

    /// `None` for one of libc's.
    pub(in crate::sys::imp) fn host_socket(&self) -> Option<&TcpSocket> {
        match &*self.0 {
            Kind::Native(native) => Some(&native.socket),
            Kind::Std(_) => None,
        }
    }

    pub(crate) fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        match &*self.0 {
            Kind::Native(native) => checked(native.socket.set_hop_limit(hop_limit(ttl)?)),
            Kind::Std(stream) => stream.set_ttl(ttl),
        }
    }

    pub(crate) fn ttl(&self) -> io::Result<u32> {
        match &*self.0 {
            Kind::Native(native) => checked(native.socket.hop_limit()).map(u32::from),
            Kind::Std(stream) => stream.ttl(),
        }
    }
}

impl Native {
    /// The connection. `WouldBlock` while the attempt lasts, then once the reason why it failed,
    /// then `NotConnected`.
    fn connection(&self) -> io::Result<&Connection> {
        match self.connection.get() {
            Some(connection) => Ok(connection),
            None => self.connected(),
        }
    }

    #[cold]
    #[inline(never)]
    fn connected(&self) -> io::Result<&Connection> {
        if let Some(attempt) = &self.attempt {
            attempt.finish(&self.socket, &self.connection)?;
        }
        match self.connection.get() {
            Some(connection) => Ok(connection),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// That there is a connection, for what makes no sense without; takes no error.
    fn established(&self) -> io::Result<()> {
        self.try_finish();
        match self.connection.get() {
            Some(_) => Ok(()),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Whether the host has not sent yet what it took.
    #[inline(never)]
    pub(super) fn has_unsent(&self) -> bool {
        let Some(connection) = self.connection.get() else {
            return false;
        };
        let takes = || raw::check_write(&connection.output);
        connection.wrote.load(Ordering::Relaxed) && matches!(takes(), Ok(0))
    }

    /// Told that nothing more will be written. Returns what is ready when all has been sent, or
    /// cannot be.
    pub(super) fn end(&self) -> Option<Pollable> {
        // It fails for a connection that is gone, of which there is nothing to send.
        let _ = self.socket.shutdown(ShutdownType::Send);
        let connection = self.connection.get()?;
        connection.set_registration(None);
        Some(connection.output.subscribe())
    }

    /// Ends the attempt if the host says that it is over.
    fn try_finish(&self) {
        if let Some(attempt) = &self.attempt
            && self.connection.get().is_none()
        {
            attempt.try_finish(&self.socket, &self.connection);
        }
    }
}

impl Drop for Kind {
    fn drop(&mut self) {
        if let Self::Native(native) = self
            && native.has_unsent()
        {
            linger::keep(native);
        }
    }
}

impl Connection {
    pub(super) fn new(input: InputStream, output: OutputStream) -> Self {
        Self {
            readable: Once::new(),
            writable: Once::new(),
            input,
            output,
            wrote: AtomicBool::new(false),
            peeked: Lock::default(),
            registration: Lock::default(),
        }
    }

    /// Takes what is there already: wasmtime calls a new stream ready until a read of it has found
    /// nothing, which would be an event in vain for each connection.
    pub(super) fn warmed(self) -> Self {
        // The first read is given what this finds. A stream that has ended says so again.
        let mut first = [0; FIRST_LEN];
        let mut peeked = self.peeked();
        match raw::read(&self.input, &mut first) {
            Ok(len) => peeked.bytes = first.get(..len).unwrap_or_default().to_vec(),
            Err(error) => peeked.error = Some(error),
        }
        drop(peeked);
        self
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = stream::write(&self.output, bytes)?;
        if written == 0 && ready::is_ready(self.writable().handle()) {
            written = stream::write(&self.output, bytes)?;
        }
        if written > 0 {
            self.wrote.store(true, Ordering::Relaxed);
        }
        stream::or_would_block(written, bytes)
    }

    /// wasmtime, which sends in the background what there was no room for, takes note that it has
    /// done so only when it is asked whether this is ready: a program that is not registered for it
    /// would find no room for ever.
    fn writable(&self) -> &Pollable {
        self.writable
            .get_or_init(|| Owned::new(self.output.subscribe()))
    }

    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.peeked().is_empty() {
            return stream::read(&self.input, buffer);
        }
        self.read_peeked(buffer)
    }

    #[cold]
    #[inline(never)]
    fn read_peeked(&self, buffer: &mut [u8]) -> io::Result<usize> {
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
            self.retarget();
        }
        result
    }

    fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
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
            self.retarget();
            return stream::ended(Some(error));
        }
        Ok(peeked.copy_to(buffer))
    }

    fn peeked(&self) -> RefMut<'_, Peeked> {
        self.peeked.lock()
    }

    /// Waits for the host from now on: what was taken from it is read.
    fn retarget(&self) {
        if let Some((selector, key)) = &*self.registration() {
            selector.set_source(*key, self.target(Interest::READABLE));
        }
    }

    /// Takes the place of the attempt. Its end was an event that said nothing of bytes: the first of
    /// them are another one, also for a program that has not read yet.
    pub(super) fn begin(&self) {
        if let Some((selector, key)) = &*self.registration()
            && let Some(interest) = selector.interest(*key)
        {
            selector.set_source(*key, self.target(interest));
            selector.after_io(*key, Direction::Read, IoOutcome::WouldBlock);
        }
    }

    #[inline(never)]
    pub(super) fn set_registration(&self, registration: Option<(&Selector, Key)>) {
        *self.registration() = registration.map(|(selector, key)| (selector.clone(), key));
    }

    fn registration(&self) -> RefMut<'_, Option<(Selector, Key)>> {
        self.registration.lock()
    }

    #[inline(never)]
    fn target(&self, interest: Interest) -> Target {
        if interest.is_readable() {
            self.readable
                .get_or_init(|| Owned::new(self.input.subscribe()));
        }
        if interest.is_writable() {
            self.writable();
        }
        let handle = |pollable: &Once<Owned>| pollable.get().map(|owned| owned.handle());
        let peeked = self.peeked();
        let read = if peeked.is_empty() {
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

impl Pollables for TcpStream {
    fn target(&self, interest: Interest) -> Target {
        let native = match &*self.0 {
            Kind::Native(native) => native,
            Kind::Std(stream) => return Target::Descriptor(stream.descriptor()),
        };
        if let Some(connection) = native.connection.get() {
            return connection.target(interest);
        }
        let attempt = native.attempt.as_ref();
        attempt.map_or(Target::NONE, |attempt| attempt.target())
    }

    fn of_libc(&self) -> Option<&dyn libc::Descriptor> {
        match &*self.0 {
            Kind::Native(_) => None,
            Kind::Std(stream) => Some(&**stream),
        }
    }

    fn set_registration(&self, registration: Option<(&Selector, Key)>) {
        let Kind::Native(native) = &*self.0 else {
            return;
        };
        if let Some(connection) = native.connection.get() {
            connection.set_registration(registration);
        } else if let Some(attempt) = &native.attempt {
            attempt.set_registration(registration);
        }
    }
}

pollable_source!(TcpStream);

/// The stream must be non-blocking.
impl From<net::TcpStream> for TcpStream {
    fn from(stream: net::TcpStream) -> Self {
        Self::from_kind(Kind::Std(Box::new(stream)))
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            Kind::Native(native) => f.debug_tuple("TcpStream").field(&native.socket).finish(),
            Kind::Std(stream) => stream.fmt(f),
        }
    }
}

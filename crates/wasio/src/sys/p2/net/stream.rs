//! TCP connections, and attempts at them.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{self, Shutdown, SocketAddr};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use wasip2::io::poll::Pollable;
use wasip2::io::streams::{InputStream, OutputStream};
use wasip2::sockets::network::ErrorCode;
use wasip2::sockets::tcp::{ShutdownType, TcpSocket};
use wasip2::sockets::tcp_create_socket::create_tcp_socket;

use super::{address, checked, hop_limit, linger};
use crate::Interest;
use crate::portable::Key;
use crate::sys::imp::selector::Selector;
use crate::sys::imp::source::{Pollables, pollable_source};
use crate::sys::imp::target::{Owned, Target};
use crate::sys::imp::{clock, error, stream};

/// The most that is taken of a new connection's first bytes.
const FIRST_LEN: usize = 512;

/// A connection of the host's, or of libc's.
pub(crate) enum TcpStream {
    Native(Box<Native>),
    Std(net::TcpStream),
}

pub(crate) struct Native {
    // Children before their parent, here and in `Connection`: the host traps otherwise.
    /// Set once there is a connection.
    connection: OnceLock<Connection>,
    attempt: Mutex<Attempt>,
    /// Always, until the end of `drop`.
    socket: Option<TcpSocket>,
    /// What was asked for: see [`TcpStream::set_nodelay`].
    nodelay: AtomicBool,
}

pub(super) struct Connection {
    readable: OnceLock<Owned>,
    writable: OnceLock<Owned>,
    input: InputStream,
    output: OutputStream,
    /// Whether anything was written.
    wrote: AtomicBool,
    peeked: Mutex<Peeked>,
    registration: Mutex<Option<(Selector, Key)>>,
}

/// What `peek` took from the host and no read has taken yet.
#[derive(Default)]
struct Peeked {
    bytes: Vec<u8>,
    /// What came after the bytes.
    error: Option<io::Error>,
}

/// The way to a connection.
#[derive(Default)]
struct Attempt {
    /// Ready when the attempt is over.
    over: Option<Owned>,
    /// Where the stream is registered: its pollables change with the end of the attempt.
    registration: Option<(Selector, Key)>,
    phase: Phase,
}

#[derive(Copy, Clone, Default)]
enum Phase {
    Pending,
    /// The error is kept until somebody takes it.
    Failed(Option<ErrorCode>),
    #[default]
    Connected,
}

impl TcpStream {
    pub(super) fn connect(address: SocketAddr) -> io::Result<Self> {
        let socket = checked(create_tcp_socket(address::family(&address)))?;
        checked(socket.start_connect(address::network(), address::to_host(address)))?;
        let attempt = Attempt {
            over: Some(Owned::new(socket.subscribe())),
            registration: None,
            phase: Phase::Pending,
        };
        let native = Native {
            connection: OnceLock::new(),
            attempt: Mutex::new(attempt),
            socket: Some(socket),
            nodelay: AtomicBool::new(false),
        };
        // wasmtime does not begin before it is asked about the outcome for the first time.
        native.try_finish();
        Ok(Self::Native(Box::new(native)))
    }

    pub(super) fn accepted(socket: TcpSocket, input: InputStream, output: OutputStream) -> Self {
        Self::Native(Box::new(Native {
            connection: OnceLock::from(Connection::new(input, output).warmed()),
            attempt: Mutex::default(),
            socket: Some(socket),
            nodelay: AtomicBool::new(false),
        }))
    }

    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Native(native) => native.connection()?.read(buffer),
            Self::Std(stream) => (&mut &*stream).read(buffer),
        }
    }

    pub(super) fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Native(native) => native.connection()?.peek(buffer),
            Self::Std(stream) => stream.peek(buffer),
        }
    }

    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Native(native) => native.connection()?.write(bytes),
            Self::Std(stream) => (&mut &*stream).write(bytes),
        }
    }

    pub(super) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let native = match self {
            Self::Native(native) => native,
            Self::Std(stream) => return stream.shutdown(how),
        };
        native.established()?;
        checked(native.socket().shutdown(match how {
            Shutdown::Read => ShutdownType::Receive,
            Shutdown::Write => ShutdownType::Send,
            Shutdown::Both => ShutdownType::Both,
        }))
    }

    /// The error of an attempt to connect. An error of the connection is one of its next operation.
    pub(super) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match self {
            Self::Native(native) => match native.connection() {
                Ok(_) => Ok(None),
                Err(error) => match error.kind() {
                    // Not over, or it was taken before.
                    io::ErrorKind::WouldBlock | io::ErrorKind::NotConnected => Ok(None),
                    _ => Ok(Some(error)),
                },
            },
            Self::Std(stream) => stream.take_error(),
        }
    }

    pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Native(native) => {
                native.try_finish();
                checked(native.socket().local_address()).map(address::from_host)
            }
            Self::Std(stream) => stream.local_addr(),
        }
    }

    pub(super) fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Native(native) => {
                native.established()?;
                checked(native.socket().remote_address()).map(address::from_host)
            }
            Self::Std(stream) => stream.peer_addr(),
        }
    }

    /// The interface has no such option, and hosts send at once what they are given: as
    /// wasi-libc, it is remembered and changes nothing.
    pub(super) fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        match self {
            Self::Native(native) => {
                native.nodelay.store(nodelay, Ordering::Relaxed);
                Ok(())
            }
            Self::Std(stream) => stream.set_nodelay(nodelay),
        }
    }

    pub(super) fn nodelay(&self) -> io::Result<bool> {
        match self {
            Self::Native(native) => Ok(native.nodelay.load(Ordering::Relaxed)),
            Self::Std(stream) => stream.nodelay(),
        }
    }

    /// `None` for one of libc's.
    pub(in crate::sys::imp) fn host_socket(&self) -> Option<&TcpSocket> {
        match self {
            Self::Native(native) => Some(native.socket()),
            Self::Std(_) => None,
        }
    }

    pub(super) fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        match self {
            Self::Native(native) => checked(native.socket().set_hop_limit(hop_limit(ttl)?)),
            Self::Std(stream) => stream.set_ttl(ttl),
        }
    }

    pub(super) fn ttl(&self) -> io::Result<u32> {
        match self {
            Self::Native(native) => checked(native.socket().hop_limit()).map(u32::from),
            Self::Std(stream) => stream.ttl(),
        }
    }
}

impl Native {
    fn socket(&self) -> &TcpSocket {
        match &self.socket {
            Some(socket) => socket,
            None => unreachable!("only `drop` takes the socket"),
        }
    }

    fn attempt(&self) -> MutexGuard<'_, Attempt> {
        self.attempt.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection. `WouldBlock` while the attempt lasts, then once the reason why it failed,
    /// then `NotConnected`.
    fn connection(&self) -> io::Result<&Connection> {
        if let Some(connection) = self.connection.get() {
            return Ok(connection);
        }
        self.try_finish();
        if let Some(connection) = self.connection.get() {
            return Ok(connection);
        }
        let mut attempt = self.attempt();
        Err(match &mut attempt.phase {
            Phase::Failed(code) => match code.take() {
                Some(code) => error::of_code(code),
                None => io::ErrorKind::NotConnected.into(),
            },
            Phase::Pending | Phase::Connected => io::ErrorKind::WouldBlock.into(),
        })
    }

    /// That there is a connection, for what makes no sense without; takes no error.
    fn established(&self) -> io::Result<()> {
        self.try_finish();
        match self.connection.get() {
            Some(_) => Ok(()),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Ends the attempt if the host says that it is over.
    fn try_finish(&self) {
        let mut attempt = self.attempt();
        if !matches!(attempt.phase, Phase::Pending) {
            return;
        }
        match self.socket().finish_connect() {
            Err(ErrorCode::WouldBlock) => {}
            Err(code) => attempt.phase = Phase::Failed(Some(code)),
            Ok((input, output)) => {
                attempt.phase = Phase::Connected;
                // It was empty: nothing else sets it.
                let connection = self
                    .connection
                    .get_or_init(|| Connection::new(input, output).warmed());
                *connection.registration() = attempt.registration.take();
                connection.retarget();
                // Nobody names it any more.
                attempt.over = None;
            }
        }
    }
}

impl Drop for Native {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take()
            && connection.has_unsent()
            && let Some(socket) = self.socket.take()
        {
            *connection.registration() = None;
            linger::keep(connection, socket);
        }
    }
}

impl Connection {
    fn new(input: InputStream, output: OutputStream) -> Self {
        Self {
            readable: OnceLock::new(),
            writable: OnceLock::new(),
            input,
            output,
            wrote: AtomicBool::new(false),
            peeked: Mutex::default(),
            registration: Mutex::default(),
        }
    }

    /// Takes what is there already: wasmtime calls a new stream ready until a read of it has found
    /// nothing, which would be an event in vain for each connection.
    fn warmed(self) -> Self {
        let mut buffer = [0; FIRST_LEN];
        // The first read is given what this finds.
        if let Err(error) = self.peek(&mut buffer)
            && error.kind() != io::ErrorKind::WouldBlock
        {
            self.peeked().error = Some(error);
        }
        self
    }

    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut result = stream::write(&self.output, bytes);
        if let Err(error) = &result
            && error.kind() == io::ErrorKind::WouldBlock
            && self.writable().ready()
        {
            result = stream::write(&self.output, bytes);
        }
        self.wrote.fetch_or(result.is_ok(), Ordering::Relaxed);
        result
    }

    /// wasmtime, which sends in the background what there was no room for, takes note that it has
    /// done so only when it is asked whether this is ready: a program that is not registered for it
    /// would find no room for ever.
    fn writable(&self) -> &Pollable {
        self.writable
            .get_or_init(|| Owned::new(self.output.subscribe()))
    }

    /// Whether the host has not sent yet what it took.
    pub(super) fn has_unsent(&self) -> bool {
        self.wrote.load(Ordering::Relaxed) && matches!(self.output.check_write(), Ok(0))
    }

    /// Ready when it has, or cannot.
    pub(super) fn subscribe_output(&self) -> Pollable {
        self.output.subscribe()
    }

    fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut peeked = self.peeked();
        if !peeked.bytes.is_empty() {
            let len = peeked.copy_to(buffer);
            peeked.bytes.drain(..len);
            let is_drained = peeked.bytes.is_empty() && peeked.error.is_none();
            drop(peeked);
            if is_drained {
                self.retarget();
            }
            return Ok(len);
        }
        match peeked.error.take() {
            Some(error) => {
                drop(peeked);
                self.retarget();
                Err(error)
            }
            None => stream::read(&self.input, buffer),
        }
    }

    fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut peeked = self.peeked();
        let known = peeked.bytes.len();
        if known < buffer.len() && peeked.error.is_none() {
            match stream::read(&self.input, &mut buffer[known..]) {
                Ok(more) => peeked.bytes.extend_from_slice(&buffer[known..known + more]),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if known == 0 {
                        return Err(error);
                    }
                }
                Err(error) => peeked.error = Some(error),
            }
        }
        if peeked.bytes.is_empty()
            && let Some(error) = peeked.error.take()
        {
            drop(peeked);
            self.retarget();
            return Err(error);
        }
        Ok(peeked.copy_to(buffer))
    }

    fn peeked(&self) -> MutexGuard<'_, Peeked> {
        self.peeked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the host from now on: what was taken from it is read.
    fn retarget(&self) {
        if let Some((selector, key)) = &*self.registration()
            && let Some(interest) = selector.interest(*key)
        {
            selector.replace_target(*key, self.target(interest));
        }
    }

    fn registration(&self) -> MutexGuard<'_, Option<(Selector, Key)>> {
        self.registration
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn target(&self, interest: Interest) -> Target {
        if interest.is_readable() {
            self.readable
                .get_or_init(|| Owned::new(self.input.subscribe()));
        }
        if interest.is_writable() {
            self.writable();
        }
        let handle = |pollable: &OnceLock<Owned>| pollable.get().map(|owned| owned.handle());
        let peeked = self.peeked();
        let is_ready = !peeked.bytes.is_empty() || peeked.error.is_some();
        Target::Pollables {
            read: if is_ready {
                Some(clock::always_ready())
            } else {
                handle(&self.readable)
            },
            write: handle(&self.writable),
        }
    }
}

impl Peeked {
    fn copy_to(&self, buffer: &mut [u8]) -> usize {
        let len = self.bytes.len().min(buffer.len());
        buffer[..len].copy_from_slice(&self.bytes[..len]);
        len
    }
}

impl Pollables for TcpStream {
    fn target(&self, interest: Interest) -> Target {
        let native = match self {
            Self::Native(native) => native,
            Self::Std(stream) => return Target::Descriptor(stream.as_raw_fd()),
        };
        if let Some(connection) = native.connection.get() {
            return connection.target(interest);
        }
        // Both directions, as a failure shows in both.
        let over = native.attempt().over.as_ref().map(|over| over.handle());
        Target::Pollables {
            read: over,
            write: over,
        }
    }

    fn set_registration(&self, registration: Option<(Selector, Key)>) {
        let Self::Native(native) = self else {
            return;
        };
        match native.connection.get() {
            Some(connection) => *connection.registration() = registration,
            None => native.attempt().registration = registration,
        }
    }
}

pollable_source!(TcpStream);

/// The stream must be non-blocking.
impl From<net::TcpStream> for TcpStream {
    fn from(stream: net::TcpStream) -> Self {
        Self::Std(stream)
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Native(native) => f.debug_tuple("TcpStream").field(&native.socket).finish(),
            Self::Std(stream) => stream.fmt(f),
        }
    }
}

//! The server: it echoes connections and datagrams, and reads its input, all in one poll.

use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use slab::Slab;
use wasio::net::{TcpListener, UdpSocket};
use wasio::stdio::{Stdin, stdin};
use wasio::time::Timer;
use wasio::{Events, Interest, Poll, Registry, Token};

pub use self::bug::Bug;
use self::echo::{Echo, Going};
use super::{
    Arguments, Clock, StartLine, Status, Timers, Wakes, lacks, token, until_blocked, violation,
};
use crate::pattern;

mod bug;
mod echo;

const BEAT: Duration = Duration::from_secs(1);

struct Server {
    listener: TcpListener,
    connections: Slab<Echo>,
    datagrams: Option<UdpSocket>,
    input: Option<Stdin>,
    input_bytes: u64,
    start_line: StartLine,
    clock: Clock,
    /// When it last asked for a connection.
    asked: Duration,
    timers: Timers,
    wakes: Wakes,
    beat: Timer,
    accepted: u64,
    polls: u64,
    errors: u64,
    buffer: Vec<u8>,
    bug: Option<Bug>,
}

/// Runs the server until a connection ends it, with a fault on purpose if one is given.
///
/// # Errors
/// It cannot start, or a poll fails.
pub fn server(bug: Option<Bug>) -> io::Result<()> {
    let arguments = Arguments::parse();
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(64);
    let mut server = Server::start(&arguments, bug, poll.registry())?;
    loop {
        if server.bug == Some(Bug::Spin) {
            server.wakes.wake();
        }
        let (before, sent_before) = (Instant::now(), server.wakes.sent());
        poll.poll(&mut events, None)?;
        server.polls += 1;
        for event in &events {
            if !server.handle(event.token(), poll.registry()) {
                return Ok(());
            }
        }
        server.timers.check(before);
        server.wakes.check(sent_before);
    }
}

impl Server {
    fn start(arguments: &Arguments, bug: Option<Bug>, registry: &Registry) -> io::Result<Self> {
        let (seed, clock) = (arguments.number("seed")?, Clock::default());
        let mut server = Self {
            listener: listener()?,
            connections: Slab::new(),
            datagrams: datagrams()?,
            input: Some(stdin()?),
            input_bytes: 0,
            start_line: StartLine::new(clock.clone()),
            asked: Duration::ZERO,
            timers: Timers::new(seed, &clock, registry)?,
            wakes: Wakes::new(seed, &clock, registry)?,
            clock,
            beat: Timer::periodic(BEAT),
            accepted: 0,
            polls: 0,
            errors: 0,
            buffer: vec![0; 64 * 1024],
            bug,
        };
        let readable = Interest::READABLE;
        registry.register(&mut server.listener, token::LISTENER, readable)?;
        registry.register(&mut server.beat, token::BEAT, readable)?;
        if let Some(socket) = &mut server.datagrams {
            registry.register(socket, token::DATAGRAMS, readable)?;
        }
        if let Some(input) = &mut server.input {
            registry.register(input, token::INPUT, readable)?;
        }
        server.report();
        Ok(server)
    }

    /// Handles an event. Returns false when the server is to end.
    fn handle(&mut self, token: Token, registry: &Registry) -> bool {
        match token {
            token::LISTENER => self.accept(registry),
            token::DATAGRAMS => self.echo_datagrams(),
            token::INPUT => self.read_input(),
            token::WAKER => self.wakes.handle(),
            token::BEAT => {
                self.beat.expirations();
                self.report();
            }
            token if self.timers.handle(token) => {
                if self.timers.fired().is_multiple_of(4) {
                    self.wakes.wake_self();
                }
            }
            Token(id) => return self.echo(id),
        }
        true
    }

    fn accept(&mut self, registry: &Registry) {
        // A host may accept ahead, so that what fails now has failed since it was asked before.
        let since = std::mem::replace(&mut self.asked, self.clock.at());
        loop {
            match self.listener.accept() {
                Ok((stream, _)) => {
                    self.accepted += 1;
                    let entry = self.connections.vacant_entry();
                    match Echo::register(stream, Token(entry.key()), registry) {
                        Ok(echo) => {
                            entry.insert(echo);
                        }
                        Err(error) => violation(&format!("a connection is refused: {error}")),
                    }
                    if self.bug == Some(Bug::MissedRearm) {
                        return;
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => return,
                    ErrorKind::ConnectionAborted | ErrorKind::Interrupted => {}
                    // No descriptors, for instance. The listener is reported again.
                    _ => {
                        self.errors += 1;
                        lacks(since, &self.clock, &format!("an accept failed: {error}"));
                        return;
                    }
                },
            }
        }
    }

    fn echo(&mut self, id: usize) -> bool {
        let Some(connection) = self.connections.get_mut(id) else {
            return true;
        };
        let loses = self.bug == Some(Bug::LostByte);
        match connection.echo(&mut self.buffer, loses) {
            Going::On => return true,
            Going::Over => {}
            Going::EndOfServer => return false,
        }
        let connection = self.connections.remove(id);
        if self.bug == Some(Bug::Leak) {
            std::mem::forget(connection);
        }
        true
    }

    fn echo_datagrams(&mut self) {
        let Some(socket) = &self.datagrams else {
            return;
        };
        let buffer = &mut self.buffer;
        until_blocked(&mut self.errors, || {
            let (len, from) = socket.recv_from(buffer)?;
            match socket.send_to(&buffer[..len], from) {
                // No room: a datagram may be lost.
                Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
                sent => sent.map(|_| ()),
            }
        });
    }

    fn read_input(&mut self) {
        let Some(input) = &mut self.input else {
            return;
        };
        loop {
            match input.read(&mut self.buffer) {
                Ok(0) => {
                    self.input = None;
                    return;
                }
                Ok(len) => {
                    let bytes = self.start_line.take(&self.buffer[..len]);
                    if let Err(wrong) = pattern::check(pattern::INPUT, self.input_bytes, bytes) {
                        violation(&format!("standard input: {wrong}"));
                    }
                    self.input_bytes += bytes.len() as u64;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => {
                    violation(&format!("standard input: {error}"));
                    self.input = None;
                    return;
                }
            }
        }
    }

    fn report(&self) {
        Status::new()
            .add("connections", self.connections.len())
            .add("accepted", self.accepted)
            .add("polls", self.polls)
            .add("timers", self.timers.fired())
            .add("wakes", self.wakes.sent())
            .add("input", self.input_bytes)
            .add("open", u8::from(self.input.is_some()))
            .add("errors", self.errors)
            .print();
    }
}

fn listener() -> io::Result<TcpListener> {
    if let Some(listener) = TcpListener::preopened()? {
        return Ok(listener);
    }
    let listener = TcpListener::bind(local())?;
    println!("listening {}", listener.local_addr()?);
    Ok(listener)
}

/// A socket, where there are any.
fn datagrams() -> io::Result<Option<UdpSocket>> {
    match UdpSocket::bind(local()) {
        Ok(socket) => {
            println!("datagrams {}", socket.local_addr()?);
            Ok(Some(socket))
        }
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(None),
        Err(error) => Err(error),
    }
}

fn local() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

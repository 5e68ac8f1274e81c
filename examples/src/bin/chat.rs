//! A chat server: each line from one connection is sent to all the others.
//!
//! ```sh
//! cargo run -p wasio-examples --bin chat 127.0.0.1:7777
//! nc 127.0.0.1 7777     # in as many other terminals as you like
//! ```
//!
//! Backpressure: the lines for a member that does not read are kept up to a limit. Beyond it the
//! member is disconnected. Other members never wait for it.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;

use slab::Slab;
use wasio::net::{TcpListener, TcpStream};
use wasio::{Events, Interest, Poll, Registry, Token};

const LISTENER: Token = Token(usize::MAX);
/// The most bytes that are kept for a member.
const MAX_BEHIND: usize = 1 << 20;
/// The most that is read of a member at a time: the others have their turn then.
const MAX_BATCH: usize = 64 * 1024;
/// A longer line is sent in parts.
const MAX_LINE: usize = 64 * 1024;

fn main() -> io::Result<()> {
    let mut listener = listen()?;
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut room = Room::default();
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                room.admit(&listener, poll.registry());
                continue;
            }
            let id = event.token().0;
            if event.is_writable() {
                room.flush(id);
            }
            if event.is_readable() {
                room.receive(id, poll.registry());
            }
        }
        room.settle();
    }
}

fn listen() -> io::Result<TcpListener> {
    if let Some(listener) = TcpListener::preopened()? {
        return Ok(listener);
    }
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:0");
    let address: SocketAddr = address
        .parse()
        .map_err(|error| io::Error::other(format!("{address:?} is not an address: {error}")))?;
    let listener = TcpListener::bind(address)?;
    println!("listening {}", listener.local_addr()?);
    Ok(listener)
}

/// A line, stored once for all members that it has to be sent to.
type Line = Rc<[u8]>;

struct Member {
    stream: TcpStream,
    /// The start of a line whose end has not arrived yet.
    partial: Vec<u8>,
    unsent: VecDeque<Line>,
    /// How many bytes of the first unsent line were sent.
    sent: usize,
    behind: usize,
    leaving: bool,
}

#[derive(Default)]
struct Room {
    members: Slab<Member>,
    /// The lines received since the members were last written to, each with its sender.
    received: Vec<(usize, Line)>,
    leaving: bool,
}

impl Room {
    fn admit(&mut self, listener: &TcpListener, registry: &Registry) {
        loop {
            let mut stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
                Err(error) => return eprintln!("accept: {error}"),
            };
            let entry = self.members.vacant_entry();
            // Register for both directions once: neither is reported again until it has blocked.
            let both = Interest::READABLE | Interest::WRITABLE;
            if let Err(error) = registry.register(&mut stream, Token(entry.key()), both) {
                eprintln!("register: {error}");
                continue;
            }
            entry.insert(Member {
                stream,
                partial: Vec::new(),
                unsent: VecDeque::new(),
                sent: 0,
                behind: 0,
                leaving: false,
            });
        }
    }

    /// Reads lines from a member until its stream would block, or until it is another one's turn.
    fn receive(&mut self, id: usize, registry: &Registry) {
        let Some(member) = self.members.get_mut(id) else {
            return;
        };
        let mut buffer = [0; 4096];
        let mut received = 0;
        while received < MAX_BATCH {
            match member.stream.read(&mut buffer) {
                Ok(0) => return self.leave(id),
                Ok(read) => {
                    received += read;
                    member.split(&buffer[..read], |line| self.received.push((id, line)));
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return self.leave(id),
            }
        }
        // There may be more, which is not reported again by itself.
        let both = Interest::READABLE | Interest::WRITABLE;
        if registry
            .reregister(&mut member.stream, Token(id), both)
            .is_err()
        {
            self.leave(id);
        }
    }

    fn leave(&mut self, id: usize) {
        if let Some(member) = self.members.get_mut(id) {
            member.leaving = true;
            self.leaving = true;
        }
    }

    /// Writes the unsent lines of a member until its stream would block.
    fn flush(&mut self, id: usize) {
        if let Some(member) = self.members.get_mut(id) {
            member.flush();
            self.leaving |= member.leaving;
        }
    }

    /// Sends the lines that this poll received to the other members, and drops members that leave.
    fn settle(&mut self) {
        for (sender, line) in self.received.drain(..) {
            for (id, member) in &mut self.members {
                if id != sender && !member.leaving {
                    member.unsent.push_back(Rc::clone(&line));
                    member.behind += line.len();
                }
            }
        }
        for (_, member) in &mut self.members {
            if !member.unsent.is_empty() {
                member.flush();
                self.leaving |= member.leaving;
            }
        }
        if std::mem::take(&mut self.leaving) {
            self.members.retain(|_, member| !member.leaving);
        }
    }
}

impl Member {
    /// Splits received bytes into complete lines.
    fn split(&mut self, bytes: &[u8], mut on_line: impl FnMut(Line)) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.partial.extend_from_slice(part);
            if part.ends_with(b"\n") || self.partial.len() >= MAX_LINE {
                on_line(Line::from(self.partial.as_slice()));
                self.partial.clear();
            }
        }
    }

    fn flush(&mut self) {
        while let Some(line) = self.unsent.front() {
            match self.stream.write(&line[self.sent..]) {
                Ok(0) => self.leaving = true,
                Ok(count) => {
                    self.sent += count;
                    self.behind -= count;
                    if self.sent == line.len() {
                        self.unsent.pop_front();
                        self.sent = 0;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.leaving |= self.behind > MAX_BEHIND;
                    return;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => self.leaving = true,
            }
            if self.leaving {
                return;
            }
        }
    }
}

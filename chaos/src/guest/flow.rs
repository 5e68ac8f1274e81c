//! One connection of the client: it sends its pattern, and checks what comes back.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::{Duration, Instant};

use wasio::net::TcpStream;
use wasio::{Interest, Registry, Token};

use crate::pattern;
use crate::plan::{Behaviour, Connection, Cut, Fate};

/// A connection that waits for something and has not moved for so long is lost. No fault and no quiet
/// time lasts as long.
const MOST_SILENCE: Duration = Duration::from_secs(15);

/// How much one that never reads sends at a time, and in all: more than there is room for on the way.
const UNREAD_BURST: usize = 64 * 1024;
const UNREAD_BYTES: u64 = 16 << 20;

#[derive(Debug)]
pub(super) struct Flow {
    stream: TcpStream,
    number: u64,
    plan: Connection,
    opened: Instant,
    moved: Instant,
    is_connected: bool,
    /// How many bytes it may send now.
    allowance: usize,
    sent: u64,
    received: u64,
    has_shut: bool,
    address: Option<SocketAddr>,
}

/// How a connection ended, or that it has not.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Course {
    Open,
    /// As planned.
    Done,
    /// Before its time, which is right only if the proxy broke it. The text says how.
    Broken(String),
    /// Wrong in any case.
    Wrong(String),
}

impl Flow {
    /// A stream that was asked for at `opened`, and is connected already or not yet.
    pub(super) fn register(
        mut stream: TcpStream,
        number: u64,
        plan: Connection,
        (opened, is_connected): (Instant, bool),
        (token, registry): (Token, &Registry),
    ) -> io::Result<Self> {
        let interest = match plan.behaviour {
            Behaviour::NeverReads { .. } => Interest::WRITABLE,
            _ => Interest::READABLE | Interest::WRITABLE,
        };
        registry.register(&mut stream, token, interest)?;
        Ok(Self {
            // 0.2 says it once it is connected, and 0.1 never.
            address: stream.local_addr().ok(),
            stream,
            number,
            plan,
            opened,
            moved: Instant::now(),
            is_connected,
            allowance: 0,
            sent: 0,
            received: 0,
            has_shut: false,
        })
    }

    pub(super) fn opened(&self) -> Instant {
        self.opened
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Its own address, if it connects and the backend could say it before the connection was gone.
    pub(super) fn address(&self) -> Option<SocketAddr> {
        self.address
    }

    pub(super) fn received(&self) -> u64 {
        self.received
    }

    /// Lets it send some more.
    pub(super) fn tick(&mut self, buffer: &mut [u8]) -> Course {
        self.allowance = match self.plan.behaviour {
            Behaviour::NeverReads { stays } if self.opened.elapsed() > stays => {
                return Course::Done;
            }
            Behaviour::NeverReads { .. } => UNREAD_BURST,
            _ => self.plan.burst,
        };
        self.advance(buffer)
    }

    /// Whether it goes before a quiet time: its bytes would move through that.
    pub(super) fn is_restless(&self) -> bool {
        matches!(self.plan.behaviour, Behaviour::NeverReads { .. })
    }

    /// Says so if it has waited too long.
    pub(super) fn check(&self) -> Course {
        let silence = self.moved.elapsed();
        if silence < MOST_SILENCE || self.is_restless() {
            return Course::Open;
        }
        let Self { sent, received, .. } = self;
        self.wrong(&format!(
            "has not moved for {silence:?}, {sent} bytes sent, {received} received"
        ))
    }

    /// Goes on until everything would block.
    pub(super) fn advance(&mut self, buffer: &mut [u8]) -> Course {
        if !self.is_connected {
            match self.connect() {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Course::Open,
                Err(error) => return self.not_connected(&error),
            }
        }
        let going = self.write(buffer).and_then(|()| self.read(buffer));
        match going {
            Ok(course) => course,
            Err(error) if error.kind() == ErrorKind::WouldBlock => Course::Open,
            Err(error) => self.failed(&error),
        }
    }

    fn connect(&mut self) -> io::Result<()> {
        if let Some(error) = self.stream.take_error()? {
            return Err(error);
        }
        match self.stream.peer_addr() {
            Err(error) if error.kind() == ErrorKind::NotConnected => {
                return Err(ErrorKind::WouldBlock.into());
            }
            connected => connected?,
        };
        self.address = self.address.or_else(|| self.stream.local_addr().ok());
        self.is_connected = true;
        self.moved = Instant::now();
        match self.plan.behaviour {
            Behaviour::ToNobody | Behaviour::ToNowhere => Err(io::Error::other("it is connected")),
            _ => Ok(()),
        }
    }

    fn not_connected(&self, error: &io::Error) -> Course {
        match self.plan.behaviour {
            _ if self.is_connected => self.wrong("connected to where nobody is"),
            Behaviour::ToNobody | Behaviour::ToNowhere => Course::Done,
            _ => self.broken(&format!("cannot connect: {error}")),
        }
    }

    fn write(&mut self, buffer: &mut [u8]) -> io::Result<()> {
        let bytes = match self.plan.behaviour {
            Behaviour::NeverReads { .. } => UNREAD_BYTES,
            _ => self.plan.bytes,
        };
        while self.allowance > 0 && self.sent < bytes {
            let left = usize::try_from(bytes - self.sent).unwrap_or(usize::MAX);
            let part = &mut buffer[..left.min(self.allowance).min(UNREAD_BURST)];
            pattern::fill(self.number, self.sent, part);
            match self.stream.write(part) {
                Ok(sent) => {
                    self.sent += sent as u64;
                    self.allowance -= sent;
                    self.moved = Instant::now();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        if self.sent == bytes && self.plan.behaviour == Behaviour::HalfCloses && !self.has_shut {
            self.stream.shutdown(Shutdown::Write)?;
            self.has_shut = true;
        }
        Ok(())
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<Course> {
        if matches!(self.plan.behaviour, Behaviour::NeverReads { .. }) {
            return Ok(Course::Open);
        }
        loop {
            let len = self.stream.read(buffer)?;
            if len == 0 {
                return Ok(self.ended());
            }
            self.moved = Instant::now();
            if let Err(wrong) = pattern::check(self.number, self.received, &buffer[..len]) {
                return Ok(self.wrong(&wrong));
            }
            self.received += len as u64;
            if self.received > self.sent {
                return Ok(self.wrong("more came back than was sent"));
            }
            match self.plan.behaviour {
                Behaviour::ReadsAll if self.received == self.plan.bytes => return Ok(Course::Done),
                Behaviour::Leaves { after } if self.received >= after => return Ok(Course::Done),
                _ => {}
            }
        }
    }

    /// The peer has ended its side.
    fn ended(&self) -> Course {
        let whole = match self.plan.fate {
            Fate::Cut(_, at, Cut::HalfClose) => at,
            _ => self.plan.bytes,
        };
        if self.received == whole {
            return Course::Done;
        }
        self.broken(&format!("ended after {} bytes of {whole}", self.received))
    }

    fn failed(&self, error: &io::Error) -> Course {
        self.broken(&format!("failed after {} bytes: {error}", self.received))
    }

    fn broken(&self, how: &str) -> Course {
        Course::Broken(self.describe(how))
    }

    fn wrong(&self, how: &str) -> Course {
        Course::Wrong(self.describe(how))
    }

    fn describe(&self, how: &str) -> String {
        format!("connection {} ({:?}): {how}", self.number, self.plan)
    }
}

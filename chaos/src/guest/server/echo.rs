//! One connection of the server.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;

use wasio::net::TcpStream;
use wasio::{Interest, Registry, Token};

use crate::pattern::{END, HEADER_LEN};

/// It reads no more while so much of what it read is not sent.
#[derive(Debug)]
pub(super) struct Echo {
    stream: TcpStream,
    header: Vec<u8>,
    unsent: Vec<u8>,
    read: u64,
    has_ended: bool,
}

/// What becomes of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Going {
    On,
    Over,
    EndOfServer,
}

impl Echo {
    pub(super) fn register(
        mut stream: TcpStream,
        token: Token,
        registry: &Registry,
    ) -> io::Result<Self> {
        // WASI 0.1 does not have this option.
        let _ = stream.set_nodelay(true);
        // Both at all times, as tokio does.
        let both = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut stream, token, both)?;
        Ok(Self {
            stream,
            header: Vec::new(),
            unsent: Vec::new(),
            read: 0,
            has_ended: false,
        })
    }

    /// Echoes until a read or a write would block. With `loses`, a byte is lost on purpose.
    pub(super) fn echo(&mut self, buffer: &mut [u8], loses: bool) -> Going {
        loop {
            match self.step(buffer, loses) {
                Ok(Going::On) => {}
                Ok(over) => return over,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Going::On,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // A peer that is gone.
                Err(_) => return Going::Over,
            }
        }
    }

    fn step(&mut self, buffer: &mut [u8], loses: bool) -> io::Result<Going> {
        while !self.unsent.is_empty() {
            let sent = self.stream.write(&self.unsent)?;
            self.unsent.drain(..sent);
        }
        if self.has_ended {
            let _ = self.stream.shutdown(Shutdown::Write);
            return Ok(Going::Over);
        }
        let len = self.stream.read(buffer)?;
        self.has_ended = len == 0;
        let missing = HEADER_LEN.saturating_sub(self.header.len());
        self.header.extend_from_slice(&buffer[..len.min(missing)]);
        if self.header == END {
            return Ok(Going::EndOfServer);
        }
        self.unsent.extend_from_slice(&buffer[..len]);
        if loses && self.read < 1_000 && self.read + len as u64 >= 1_000 {
            self.unsent.pop();
        }
        self.read += len as u64;
        Ok(Going::On)
    }
}

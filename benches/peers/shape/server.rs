//! An echo server in the style of mio's TCP server example. Every peer with mio's API uses this
//! source, so that only the library differs.
//!
//! A connection is registered READABLE. When it is ready, it is read until `WouldBlock`, and the
//! data is written back at once. Bytes that the client does not take are kept. Until they are sent
//! the connection is registered WRITABLE instead and not read, so a slow client occupies at most
//! one buffer.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use slab::Slab;

use crate::api::{self, Events, Interest, Registry, TcpListener, TcpStream, Token};

pub(crate) const LISTENER: Token = Token(0);
const EVENTS_PER_POLL: usize = 1024;
const BUFFER_BYTES: usize = 64 * 1024;

/// The command-line options.
pub(crate) struct Options {
    /// The address to bind if the host has not opened a listener.
    #[cfg_attr(
        all(target_os = "wasi", target_env = "p1"),
        allow(dead_code, reason = "the host binds")
    )]
    pub(crate) address: SocketAddr,
    /// Register READABLE and WRITABLE once and never again, as tokio does.
    pub(crate) both: bool,
    /// See cold sources sooner, if the library has a setting for that.
    pub(crate) prompt: bool,
}

impl Options {
    /// `[--both] [--prompt] [ADDR]`
    pub(crate) fn from_args() -> Self {
        let mut options = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            both: false,
            prompt: false,
        };
        for argument in std::env::args().skip(1) {
            if argument == "--both" {
                options.both = true;
            } else if argument == "--prompt" {
                options.prompt = true;
            } else if let Ok(address) = argument.parse() {
                options.address = address;
            }
        }
        options
    }
}

/// Serves until the process is killed or the wait itself fails.
pub(crate) fn run(mut listener: TcpListener, options: &Options) -> io::Result<()> {
    let mut poll = api::poll(options.prompt)?;
    let mut events = Events::with_capacity(EVENTS_PER_POLL);
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut server = Server {
        connections: Slab::new(),
        buffer: vec![0; BUFFER_BYTES],
        both: options.both,
    };
    loop {
        if let Err(error) = poll.poll(&mut events, None) {
            // On WASI an error of one connection makes mio's whole poll fail. It still returns the
            // events, so reading from them finds that connection.
            if error.kind() != ErrorKind::Interrupted && events.is_empty() {
                return Err(error);
            }
        }
        for event in events.iter() {
            match event.token() {
                LISTENER => server.accept_all(&mut listener, poll.registry()),
                token => server.serve(token, poll.registry()),
            }
        }
    }
}

struct Server {
    connections: Slab<Connection>,
    buffer: Vec<u8>,
    both: bool,
}

impl Server {
    fn accept_all(&mut self, listener: &mut TcpListener, registry: &Registry) {
        loop {
            match api::accept(listener, registry) {
                Ok(stream) => self.add(stream, registry),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if is_one_connection(&error) => {}
                Err(_) => return,
            }
        }
    }

    fn add(&mut self, stream: TcpStream, registry: &Registry) {
        // Where WASI does not have this option, the host decides.
        let _ = stream.set_nodelay(true);
        let interest = if self.both {
            Interest::READABLE | Interest::WRITABLE
        } else {
            Interest::READABLE
        };
        let entry = self.connections.vacant_entry();
        let token = Token(entry.key() + 1);
        let connection = entry.insert(Connection {
            stream,
            interest,
            unsent: Vec::new(),
        });
        if registry
            .register(&mut connection.stream, token, interest)
            .is_err()
        {
            self.connections.remove(token.0 - 1);
        }
    }

    fn serve(&mut self, token: Token, registry: &Registry) {
        // An earlier event of this poll may have closed the connection.
        let Some(connection) = self.connections.get_mut(token.0 - 1) else {
            return;
        };
        let keep = connection.echo(&mut self.buffer).and_then(|open| {
            if open && !self.both {
                connection.update_interest(token, registry)?;
            }
            Ok(open)
        });
        if !keep.unwrap_or(false) {
            let mut connection = self.connections.remove(token.0 - 1);
            let _ = registry.deregister(&mut connection.stream);
        }
    }
}

struct Connection {
    stream: TcpStream,
    interest: Interest,
    unsent: Vec<u8>,
}

impl Connection {
    /// Moves bytes until one side would block. Returns `false` when the client is done.
    fn echo(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        loop {
            if !self.unsent.is_empty() {
                let sent = write_until_blocked(&mut self.stream, &self.unsent)?;
                self.unsent.drain(..sent);
                if !self.unsent.is_empty() {
                    return Ok(true);
                }
            }
            match self.stream.read(buffer) {
                Ok(0) => return Ok(false),
                Ok(received) => {
                    let sent = write_until_blocked(&mut self.stream, &buffer[..received])?;
                    self.unsent.extend_from_slice(&buffer[sent..received]);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn update_interest(&mut self, token: Token, registry: &Registry) -> io::Result<()> {
        let wanted = if self.unsent.is_empty() {
            Interest::READABLE
        } else {
            Interest::WRITABLE
        };
        if wanted != self.interest {
            registry.reregister(&mut self.stream, token, wanted)?;
            self.interest = wanted;
        }
        Ok(())
    }
}

/// Returns the number of bytes written before the stream blocked.
fn write_until_blocked(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut sent = 0;
    while sent < bytes.len() {
        match stream.write(&bytes[sent..]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(sent)
}

/// Whether the error of an accept concerns the connection, and not the listener.
fn is_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted
    )
}

//! An echo server in the usual style of mio programs: a map of connections, pending output, and an
//! interest that depends on it.
//!
//! On WASI 0.1 the host opens the listener as descriptor 3. Elsewhere the program binds one.

#[cfg(target_env = "p1")]
#[path = "../raw.rs"]
mod raw;

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};

use mio::event::{Event, Source};
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Registry, Token};

const SERVER: Token = Token(0);
/// How much is kept for a peer before more is read of it.
const LIMIT: usize = 64 * 1024;

struct Connection {
    stream: TcpStream,
    pending: Vec<u8>,
    /// Whether the peer has ended its side.
    has_ended: bool,
}

impl Source for Connection {
    fn register(&mut self, registry: &Registry, token: Token, what: Interest) -> io::Result<()> {
        self.stream.register(registry, token, what)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, what: Interest) -> io::Result<()> {
        self.stream.reregister(registry, token, what)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.stream.deregister(registry)
    }
}

fn main() -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(128);
    let mut server = listener()?;
    poll.registry()
        .register(&mut server, SERVER, Interest::READABLE)?;
    let mut connections = HashMap::new();
    let mut last = SERVER.0;
    loop {
        if let Err(error) = poll.poll(&mut events, None) {
            if error.kind() == ErrorKind::Interrupted {
                continue;
            }
            return Err(error);
        }
        for event in events.iter() {
            match event.token() {
                SERVER => accept(poll.registry(), &server, &mut connections, &mut last)?,
                token => {
                    let Some(connection) = connections.get_mut(&token) else {
                        // Events may be spurious.
                        continue;
                    };
                    let done = serve(poll.registry(), connection, event).unwrap_or(true);
                    if done && let Some(mut connection) = connections.remove(&token) {
                        poll.registry().deregister(&mut connection)?;
                    }
                }
            }
        }
    }
}

#[cfg(target_env = "p1")]
fn listener() -> io::Result<TcpListener> {
    let listener = raw::handed_in();
    listener.set_nonblocking(true)?;
    Ok(TcpListener::from_std(listener))
}

#[cfg(not(target_env = "p1"))]
fn listener() -> io::Result<TcpListener> {
    let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
    println!("listening {}", listener.local_addr()?);
    Ok(listener)
}

fn accept(
    registry: &Registry,
    server: &TcpListener,
    connections: &mut HashMap<Token, Connection>,
    last: &mut usize,
) -> io::Result<()> {
    loop {
        let stream = match server.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            // No error of one accept ends the listener. Most often the host has no descriptors left:
            // it is tried again with the next event.
            Err(error) => {
                eprintln!("accept: {error}");
                return Ok(());
            }
        };
        *last += 1;
        let token = Token(*last);
        let mut connection = Connection {
            stream,
            pending: Vec::new(),
            has_ended: false,
        };
        registry.register(&mut connection, token, Interest::READABLE)?;
        connections.insert(token, connection);
    }
}

/// Serves a connection. Returns whether it is done.
fn serve(registry: &Registry, connection: &mut Connection, event: &Event) -> io::Result<bool> {
    if event.is_readable() {
        connection.has_ended |= receive(connection)?;
    }
    let is_full = flush(connection)?;
    if !is_full && connection.has_ended {
        return Ok(true);
    }
    // What the peer does not take is not added to, and the end of its side would be reported again
    // and again.
    let interests = if is_full {
        Interest::WRITABLE
    } else {
        Interest::READABLE
    };
    registry.reregister(connection, event.token(), interests)?;
    Ok(false)
}

/// Reads until the stream would block, or enough is pending. Returns whether it has ended.
fn receive(connection: &mut Connection) -> io::Result<bool> {
    let mut buffer = [0; 4096];
    while connection.pending.len() < LIMIT {
        match connection.stream.read(&mut buffer) {
            Ok(0) => return Ok(true),
            Ok(read) => connection.pending.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Writes pending output. Returns whether some is left.
fn flush(connection: &mut Connection) -> io::Result<bool> {
    while !connection.pending.is_empty() {
        match connection.stream.write(&connection.pending) {
            Ok(written) => drop(connection.pending.drain(..written)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

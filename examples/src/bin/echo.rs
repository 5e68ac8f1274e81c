//! A TCP echo server.
//!
//! ```sh
//! cargo run -p wasio-examples --bin echo 127.0.0.1:7777                 # natively
//! cargo build -p wasio-examples --release --target wasm32-wasip1 --bin echo
//! wasio-host run --listen 127.0.0.1:7777 target/wasm32-wasip1/release/echo.wasm
//! ```
//!
//! A connection is registered for reading, or, while its peer does not take the data, for writing,
//! but never for both. So a slow peer occupies only one buffer, and no CPU time.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;

use slab::Slab;
use wasio::net::{TcpListener, TcpStream};
use wasio::{Events, Interest, Poll, Registry, Token};

const LISTENER: Token = Token(usize::MAX);
const BUFFER_LEN: usize = 64 * 1024;

fn main() -> io::Result<()> {
    let mut listener = listen()?;
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;

    let mut connections = Slab::new();
    let mut buffer = vec![0; BUFFER_LEN];
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, poll.registry(), &mut connections);
                continue;
            }
            let id = event.token().0;
            // An earlier event of this poll may have closed it.
            let Some(connection) = connections.get_mut(id) else {
                continue;
            };
            if !serve(connection, event.token(), poll.registry(), &mut buffer) {
                // Dropping the stream deregisters it.
                connections.remove(id);
            }
        }
    }
}

/// Returns the listener that the host opened, or binds the address in the first argument.
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

struct Connection {
    stream: TcpStream,
    unsent: Vec<u8>,
    interest: Interest,
}

fn accept(listener: &TcpListener, registry: &Registry, connections: &mut Slab<Connection>) {
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            // This peer left before it was accepted. Others may be waiting.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
            Err(error) => return eprintln!("accept: {error}"),
        };
        // Send small replies at once. WASI 0.1 does not have this option.
        let _ = stream.set_nodelay(true);
        let entry = connections.vacant_entry();
        let (token, interest) = (Token(entry.key()), Interest::READABLE);
        match registry.register(&mut stream, token, interest) {
            Ok(()) => {
                entry.insert(Connection {
                    stream,
                    unsent: Vec::new(),
                    interest,
                });
            }
            Err(error) => eprintln!("register: {error}"),
        }
    }
}

/// Serves a connection until it blocks. Returns whether it is still open.
fn serve(
    connection: &mut Connection,
    token: Token,
    registry: &Registry,
    buffer: &mut [u8],
) -> bool {
    let Ok(true) = connection.echo(buffer) else {
        return false;
    };
    let interest = if connection.unsent.is_empty() {
        Interest::READABLE
    } else {
        Interest::WRITABLE
    };
    if interest == connection.interest {
        return true;
    }
    connection.interest = interest;
    registry
        .reregister(&mut connection.stream, token, interest)
        .is_ok()
}

impl Connection {
    /// Echoes until a read or write would block. Returns `false` at the end of the stream.
    fn echo(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        loop {
            let sent = write_some(&self.stream, &self.unsent)?;
            self.unsent.drain(..sent);
            if !self.unsent.is_empty() {
                return Ok(true);
            }
            match self.stream.read(buffer) {
                Ok(0) => return Ok(false),
                Ok(read) => {
                    let sent = write_some(&self.stream, &buffer[..read])?;
                    self.unsent.extend_from_slice(&buffer[sent..read]);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// Writes until the stream would block or all is written. Returns the number of bytes written.
fn write_some(mut stream: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match stream.write(&bytes[written..]) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => written += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}

//! An echo server for many connections, with backpressure: it keeps the bytes that a peer does not
//! take, and does not read more from that peer meanwhile. Ends after as many connections as its
//! argument says have been closed.

use std::collections::HashMap;
use std::io::{self, ErrorKind, Read, Write};

use wasio::net::TcpStream;
use wasio::{Events, Interest, Poll, Token};

const LISTENER: Token = Token(0);

struct Connection {
    stream: TcpStream,
    /// The bytes that were read. `unsent` of them, from `start` on, are not sent yet.
    buffer: Box<[u8]>,
    start: usize,
    unsent: usize,
}

impl Connection {
    /// Reads and sends until the stream would block. Returns `false` at its end.
    fn serve(&mut self) -> io::Result<bool> {
        loop {
            while self.unsent > 0 {
                let end = self.start + self.unsent;
                let count = self.stream.write(&self.buffer[self.start..end])?;
                self.start += count;
                self.unsent -= count;
            }
            self.start = 0;
            self.unsent = self.stream.read(&mut self.buffer)?;
            if self.unsent == 0 {
                return Ok(false);
            }
        }
    }
}

fn main() -> io::Result<()> {
    let mut left: usize = std::env::args()
        .nth(1)
        .map_or(1, |count| count.parse().expect("a number"));
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(256);
    let mut listener = wasio_guests::listener();
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut connections = HashMap::new();
    let mut next = LISTENER;
    while left > 0 {
        poll.poll(&mut events, None)?;
        for event in &events {
            if event.token() == LISTENER {
                while let Some(mut stream) =
                    would_block(listener.accept())?.map(|(stream, _)| stream)
                {
                    next = Token(next.0 + 1);
                    let interest = Interest::READABLE | Interest::WRITABLE;
                    poll.registry().register(&mut stream, next, interest)?;
                    let connection = Connection {
                        stream,
                        buffer: vec![0; 64 * 1024].into(),
                        start: 0,
                        unsent: 0,
                    };
                    connections.insert(next, connection);
                }
            } else if let Some(connection) = connections.get_mut(&event.token()) {
                // A reset ends only this connection.
                let goes_on = would_block(connection.serve()).unwrap_or(Some(false));
                if goes_on == Some(false) {
                    connections.remove(&event.token());
                    left -= 1;
                }
            }
        }
    }
    Ok(())
}

/// Converts `WouldBlock` to `None`.
fn would_block<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        Err(error) => Err(error),
    }
}

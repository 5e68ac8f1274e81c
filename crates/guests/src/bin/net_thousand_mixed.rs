//! The server of the mass test: an echo server for as many connections as its argument says, in
//! both directions at once. It counts the polls that led to no progress. Ends when all are closed.

use std::io::{self, ErrorKind, Read, Write};

use wasio::net::{TcpListener, TcpStream};
use wasio::{Interest, Token};
use wasio_guests::driver::{BOTH, Driver};

const LISTENER: usize = usize::MAX;
/// The most bytes that are kept for a peer that does not read. Above it the connection is not read.
const BUFFER_LEN: usize = 32 * 1024;

#[derive(Default)]
struct Tally {
    events: u64,
    needless: u64,
    ended: usize,
    failed: usize,
}

struct Connection {
    stream: TcpStream,
    unsent: Vec<u8>,
    sent: usize,
}

fn main() {
    let mut args = std::env::args().skip(1);
    let mut number = || args.next().expect("two numbers").parse().expect("a number");
    let (count, resets): (usize, usize) = (number(), number());
    let mut listener = wasio_guests::listener();
    let mut driver = Driver::with_capacity(256);
    driver.register(&mut listener, LISTENER, Interest::READABLE);
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut buffer = vec![0; BUFFER_LEN];
    let mut tally = Tally::default();
    while tally.ended < count {
        for event in driver.next_events() {
            tally.events += 1;
            let Token(token) = event.token();
            if token == LISTENER {
                accept_all(&driver, &listener, &mut connections);
                continue;
            }
            let Some(connection) = connections[token].as_mut() else {
                continue;
            };
            let (moved, result) = connection.serve(&mut buffer);
            match result {
                Ok(()) => tally.needless += u64::from(moved == 0),
                Err(error) => {
                    tally.ended += 1;
                    // The end of the stream is not a failure.
                    tally.failed += usize::from(error.kind() != ErrorKind::UnexpectedEof);
                    connections[token] = None;
                }
            }
        }
    }
    assert_eq!(connections.len(), count);
    assert!(
        tally.failed <= resets,
        "{} connections failed",
        tally.failed
    );
    println!("{} {}", tally.events, tally.needless);
}

fn accept_all(driver: &Driver, listener: &TcpListener, connections: &mut Vec<Option<Connection>>) {
    loop {
        match listener.accept() {
            Ok((mut stream, _)) => {
                driver.register(&mut stream, connections.len(), BOTH);
                connections.push(Some(Connection {
                    stream,
                    unsent: Vec::new(),
                    sent: 0,
                }));
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) => panic!("accept: {error}"),
        }
    }
}

impl Connection {
    /// Moves bytes until the stream would block. Returns the result, which is `UnexpectedEof` at
    /// the end of the stream, and the number of bytes moved.
    fn serve(&mut self, buffer: &mut [u8]) -> (usize, io::Result<()>) {
        let mut moved = 0;
        loop {
            let result = self.step(buffer);
            match result {
                Ok(count) => moved += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return (moved, Ok(())),
                Err(error) => return (moved, Err(error)),
            }
        }
    }

    fn step(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.sent < self.unsent.len() {
            let count = self.stream.write(&self.unsent[self.sent..])?;
            self.sent += count;
            return Ok(count);
        }
        self.unsent.clear();
        self.sent = 0;
        let count = self.stream.read(buffer)?;
        if count == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        self.unsent.extend_from_slice(&buffer[..count]);
        Ok(count)
    }
}

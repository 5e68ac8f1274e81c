//! The loop.

use std::net::SocketAddr;
use std::ops::Range;

use crate::raw::{Connection, Listener, Moved, Set};

/// A buffer grows up to this size while reads fill it.
const MOST_BUFFER_BYTES: usize = 64 * 1024;

/// Serves until the program is killed. An error is the name of the call that failed.
pub(crate) fn run() -> Result<(), &'static str> {
    let address = std::env::args().find_map(|argument| argument.parse().ok());
    let address = address.unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    let set = Set::new();
    let listener = Listener::bind(address, &set)?;
    println!("listening {}", listener.local_address()?);
    let mut server = Server {
        set,
        listener,
        clients: Vec::new(),
        reader_of: Vec::new(),
    };
    server.accept_all();
    loop {
        let (waitable, moved) = server.set.wait();
        if waitable == server.listener.waitable() {
            server.add(moved);
            server.accept_all();
        } else {
            server.serve(waitable, moved);
        }
    }
}

struct Server {
    set: Set,
    listener: Listener,
    /// By the number of their reader. The host keeps these numbers small.
    clients: Vec<Option<Client>>,
    /// By the number of the writer.
    reader_of: Vec<usize>,
}

struct Client {
    connection: Connection,
    /// The part of the buffer that is to be written.
    unsent: Range<usize>,
    has_ended: bool,
}

impl Server {
    fn accept_all(&mut self) {
        while let Some(moved) = self.listener.accept() {
            self.add(moved);
        }
    }

    fn add(&mut self, moved: Moved) {
        let Some(connection) = self.listener.accepted(moved, &self.set) else {
            return;
        };
        let (reader, writer) = (connection.reader(), connection.writer());
        let len = self.clients.len().max(reader.max(writer) + 1);
        self.clients.resize_with(len, || None);
        self.reader_of.resize(len, 0);
        self.reader_of[writer] = reader;
        let client = self.clients[reader].insert(Client {
            connection,
            unsent: 0..0,
            has_ended: false,
        });
        if !client.echo() {
            self.clients[reader] = None;
        }
    }

    fn serve(&mut self, waitable: usize, moved: Moved) {
        let is_reader = self.clients[waitable].is_some();
        let reader = if is_reader {
            waitable
        } else {
            self.reader_of[waitable]
        };
        let Some(client) = &mut self.clients[reader] else {
            return;
        };
        client.connection.ended();
        let goes_on = if is_reader {
            client.has_read(moved)
        } else {
            client.has_written(moved)
        };
        if !goes_on || !client.echo() {
            self.clients[reader] = None;
        }
    }
}

impl Client {
    /// Moves bytes until an operation is in flight. Returns `false` when the client is done.
    fn echo(&mut self) -> bool {
        loop {
            let goes_on = if !self.unsent.is_empty() {
                match self.connection.write(self.unsent.clone()) {
                    Some(moved) => self.has_written(moved),
                    None => return true,
                }
            } else if self.has_ended {
                false
            } else {
                match self.connection.read() {
                    Some(moved) => self.has_read(moved),
                    None => return true,
                }
            };
            if !goes_on {
                return false;
            }
        }
    }

    fn has_read(&mut self, moved: Moved) -> bool {
        self.unsent = 0..moved.count;
        self.has_ended = moved.is_last;
        true
    }

    fn has_written(&mut self, moved: Moved) -> bool {
        let filled = self.unsent.end;
        self.unsent.start += moved.count;
        if self.unsent.is_empty() && filled == self.connection.buffer_len() {
            self.connection.grow(MOST_BUFFER_BYTES);
        }
        !moved.is_last
    }
}

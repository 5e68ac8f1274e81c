//! A TCP proxy: forwards each connection that it accepts to a server.
//!
//! ```sh
//! cargo run -p wasio-examples --bin reverse_proxy 127.0.0.1:8080 127.0.0.1:7777    # natively
//! cargo build -p wasio-examples --release --target wasm32-wasip2 --bin reverse_proxy
//! wasio-host run --wasi 0.2 target/wasm32-wasip2/release/reverse_proxy.wasm 127.0.0.1:8080 127.0.0.1:7777
//! ```
//!
//! The first address is that of the server, the second that of the proxy. Each direction has one
//! buffer: while its receiver is slow, the proxy does not read from its sender. When one direction
//! ends, the proxy forwards the end, and the other direction continues. WASI 0.1 cannot connect.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::time::Duration;

use slab::Slab;
use wasio::net::{TcpListener, TcpStream};
use wasio::{Events, Interest, Poll, Registry, Token};

const LISTENER: Token = Token(usize::MAX);
const BUFFER_LEN: usize = 64 * 1024;
/// The most bytes that a pair may move before other pairs are served.
const MAX_BATCH_LEN: usize = 16 * BUFFER_LEN;

fn main() -> io::Result<()> {
    let mut args = std::env::args().skip(1);
    let (Some(server), listen) = (args.next(), args.next()) else {
        return Err(io::Error::other("usage: reverse_proxy SERVER [LISTEN]"));
    };
    let server = address(&server)?;
    let mut listener = match listen {
        Some(listen) => TcpListener::bind(address(&listen)?)?,
        None => match TcpListener::preopened()? {
            Some(listener) => listener,
            None => TcpListener::bind(([127, 0, 0, 1], 0).into())?,
        },
    };
    if let Ok(address) = listener.local_addr() {
        println!("listening {address}");
    }
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1024);
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;

    let mut pairs = Slab::new();
    let mut unfinished = VecDeque::new();
    loop {
        // A pair that was interrupted for fairness gets no event, so do not wait for one.
        let timeout = (!unfinished.is_empty()).then_some(Duration::ZERO);
        poll.poll(&mut events, timeout)?;
        for event in &events {
            match event.token() {
                LISTENER => accept(&listener, server, poll.registry(), &mut pairs),
                Token(end) => serve(end / 2, &mut pairs, &mut unfinished),
            }
        }
        for _ in 0..unfinished.len() {
            if let Some(id) = unfinished.pop_front() {
                if let Some(pair) = pairs.get_mut(id) {
                    pair.is_unfinished = false;
                }
                serve(id, &mut pairs, &mut unfinished);
            }
        }
    }
}

fn address(text: &str) -> io::Result<SocketAddr> {
    text.parse()
        .map_err(|error| io::Error::other(format!("{text:?} is not an address: {error}")))
}

fn accept(listener: &TcpListener, server: SocketAddr, registry: &Registry, pairs: &mut Slab<Pair>) {
    loop {
        let client = match listener.accept() {
            Ok((client, _)) => client,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
            Err(error) => return eprintln!("accept: {error}"),
        };
        let entry = pairs.vacant_entry();
        match Pair::new(client, server, registry, entry.key()) {
            Ok(pair) => {
                entry.insert(pair);
            }
            // The client sees that its connection ends.
            Err(error) => eprintln!("{server}: {error}"),
        }
    }
}

/// Moves bytes of a pair, and drops it once it has ended.
fn serve(id: usize, pairs: &mut Slab<Pair>, unfinished: &mut VecDeque<usize>) {
    // An earlier event of this poll may have ended it.
    let Some(pair) = pairs.get_mut(id) else {
        return;
    };
    match pair.serve() {
        Ok(Progress::Blocked) => {}
        Ok(Progress::Unfinished) if pair.is_unfinished => {}
        Ok(Progress::Unfinished) => {
            pair.is_unfinished = true;
            unfinished.push_back(id);
        }
        Ok(Progress::Ended) => {
            pairs.remove(id);
        }
        Err(error) => {
            eprintln!("connection {id}: {error}");
            pairs.remove(id);
        }
    }
}

enum Progress {
    Blocked,
    /// Nothing has blocked, so there may be more to move.
    Unfinished,
    Ended,
}

/// A client, and its connection to the server.
struct Pair {
    client: TcpStream,
    server: TcpStream,
    is_connected: bool,
    to_server: Half,
    to_client: Half,
    /// Whether it is in the queue of pairs that continue without an event.
    is_unfinished: bool,
}

impl Pair {
    fn new(
        mut client: TcpStream,
        server: SocketAddr,
        registry: &Registry,
        id: usize,
    ) -> io::Result<Self> {
        let mut server = TcpStream::connect(server)?;
        // Send small messages at once.
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        let both = Interest::READABLE | Interest::WRITABLE;
        registry.register(&mut client, Token(2 * id), both)?;
        registry.register(&mut server, Token(2 * id + 1), both)?;
        Ok(Self {
            client,
            server,
            is_connected: false,
            to_server: Half::new(),
            to_client: Half::new(),
            is_unfinished: false,
        })
    }

    fn serve(&mut self) -> io::Result<Progress> {
        if !self.is_connected {
            if let Some(error) = self.server.take_error()? {
                return Err(error);
            }
            match self.server.peer_addr() {
                Ok(_) => self.is_connected = true,
                Err(error) if error.kind() == ErrorKind::NotConnected => {
                    return Ok(Progress::Blocked);
                }
                Err(error) => return Err(error),
            }
        }
        let there = self.to_server.pump(&self.client, &self.server)?;
        let back = self.to_client.pump(&self.server, &self.client)?;
        Ok(match (there, back) {
            (Progress::Ended, Progress::Ended) => Progress::Ended,
            (Progress::Unfinished, _) | (_, Progress::Unfinished) => Progress::Unfinished,
            _ => Progress::Blocked,
        })
    }
}

/// One direction of a pair.
struct Half {
    buffer: Box<[u8]>,
    /// The part of the buffer that was read but not sent yet.
    unsent: std::ops::Range<usize>,
    state: State,
}

#[derive(PartialEq)]
enum State {
    Open,
    /// The sender has ended. The end is not forwarded yet.
    Ending,
    Ended,
}

impl Half {
    fn new() -> Self {
        Self {
            buffer: vec![0; BUFFER_LEN].into(),
            unsent: 0..0,
            state: State::Open,
        }
    }

    /// Moves bytes until one side would block or the batch is complete.
    fn pump(&mut self, mut from: &TcpStream, mut to: &TcpStream) -> io::Result<Progress> {
        let mut moved = 0;
        while self.state != State::Ended {
            if moved >= MAX_BATCH_LEN {
                return Ok(Progress::Unfinished);
            }
            let step = if !self.unsent.is_empty() {
                to.write(&self.buffer[self.unsent.clone()]).map(|sent| {
                    self.unsent.start += sent;
                    moved += sent;
                })
            } else if self.state == State::Ending {
                to.shutdown(Shutdown::Write)
                    .map(|()| self.state = State::Ended)
            } else {
                from.read(&mut self.buffer).map(|read| {
                    self.unsent = 0..read;
                    if read == 0 {
                        self.state = State::Ending;
                    }
                })
            };
            match step {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Ok(Progress::Blocked);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Progress::Ended)
    }
}

//! Everything that a WASI 0.2 component can wait for, in one poll: a TCP server, an outgoing
//! `wasi:http` request, standard input, a timer and a name look-up.
//!
//! ```sh
//! cargo build -p wasio-examples --release --target wasm32-wasip2 --features p2 --bin everything
//! wasio-host run --wasi 0.2 target/wasm32-wasip2/release/everything.wasm example.org
//! ```
//!
//! The argument is the HTTP server, which is sent `GET /`. The program prints the lines of its
//! input, echoes to its connections, and ends at the end of the input.
//!
//! wasio does not depend on `wasi:http`. It waits for the future and the body by the handles of
//! their pollables, which may come from any bindings.

use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use slab::Slab;
use wasio::net::{Lookup, TcpListener, TcpStream, lookup};
use wasio::stdio::{Stdin, stdin};
use wasio::time::Timer;
use wasio::{Events, Interest, Poll, Pollable, Registry, Token};
use wasip2::http::outgoing_handler::{self, FutureIncomingResponse};
use wasip2::http::types::{Fields, IncomingBody, IncomingResponse, OutgoingRequest, Scheme};
use wasip2::io::poll::Pollable as HostPollable;
use wasip2::io::streams::{InputStream, StreamError};

const LISTENER: Token = Token(usize::MAX);
const STDIN: Token = Token(usize::MAX - 1);
const TICK: Token = Token(usize::MAX - 2);
const LOOKUP: Token = Token(usize::MAX - 3);
const REQUEST: Token = Token(usize::MAX - 4);

const PERIOD: Duration = Duration::from_millis(100);
const CHUNK_LEN: usize = 16 * 1024;

fn main() -> io::Result<()> {
    let authority = std::env::args().nth(1);
    let authority = authority.ok_or_else(|| io::Error::other("usage: everything HOST[:PORT]"))?;
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(64);
    let mut all = Everything::start(&authority, poll.registry())?;
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            match event.token() {
                STDIN if !all.hear_input()? => return Ok(()),
                STDIN => {}
                TICK => all.tick(),
                LOOKUP => all.name_found(),
                LISTENER => all.accept(poll.registry())?,
                REQUEST => all.request.go_on(poll.registry())?,
                Token(id) => all.echo(id),
            }
        }
        io::stdout().flush()?;
    }
}

struct Everything {
    start: Instant,
    listener: TcpListener,
    connections: Slab<TcpStream>,
    input: Stdin,
    tick: Timer,
    ticks: u64,
    lookup: Lookup,
    request: Request,
}

impl Everything {
    fn start(authority: &str, registry: &Registry) -> io::Result<Self> {
        let local = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut all = Self {
            start: Instant::now(),
            listener: TcpListener::bind(local)?,
            connections: Slab::new(),
            input: stdin()?,
            tick: Timer::periodic(PERIOD),
            ticks: 0,
            lookup: lookup("localhost")?,
            request: Request::send(authority, registry)?,
        };
        registry.register(&mut all.listener, LISTENER, Interest::READABLE)?;
        registry.register(&mut all.input, STDIN, Interest::READABLE)?;
        registry.register(&mut all.tick, TICK, Interest::READABLE)?;
        registry.register(&mut all.lookup, LOOKUP, Interest::READABLE)?;
        println!("listening {}", all.listener.local_addr()?);
        Ok(all)
    }

    /// Prints the available input. Returns whether there may be more later.
    fn hear_input(&mut self) -> io::Result<bool> {
        let mut buffer = [0; 1024];
        loop {
            match self.input.read(&mut buffer) {
                Ok(0) => {
                    let (ticks, passed) = (self.ticks, self.start.elapsed());
                    println!(
                        "end of input after {ticks} ticks in {} ms",
                        passed.as_millis()
                    );
                    return Ok(false);
                }
                Ok(read) => print!("input: {}", String::from_utf8_lossy(&buffer[..read])),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
                Err(error) => return Err(error),
            }
        }
    }

    fn tick(&mut self) {
        self.ticks += self.tick.expirations();
    }

    fn name_found(&mut self) {
        loop {
            match self.lookup.next_address() {
                Ok(Some(address)) => println!("localhost is {address}"),
                Ok(None) => return,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => return println!("{error}"),
            }
        }
    }

    fn accept(&mut self, registry: &Registry) -> io::Result<()> {
        while let Ok((mut stream, _)) = self.listener.accept() {
            let entry = self.connections.vacant_entry();
            registry.register(&mut stream, Token(entry.key()), Interest::READABLE)?;
            entry.insert(stream);
        }
        Ok(())
    }

    /// Echoes what has arrived. For simplicity a peer that does not read its echo is disconnected.
    fn echo(&mut self, id: usize) {
        let Some(stream) = self.connections.get_mut(id) else {
            return;
        };
        let mut buffer = [0; 1024];
        loop {
            match stream.read(&mut buffer) {
                Ok(read @ 1..) if stream.write_all(&buffer[..read]).is_ok() => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                _ => break,
            }
        }
        self.connections.remove(id);
    }
}

/// The state of a request.
enum Request {
    /// Fields are in drop order, children first: the host traps if a parent is dropped first.
    Sent {
        _source: Pollable,
        _ready: HostPollable,
        future: FutureIncomingResponse,
    },
    Answered {
        _source: Pollable,
        _ready: HostPollable,
        stream: InputStream,
        _body: IncomingBody,
        _response: IncomingResponse,
        len_bytes: usize,
    },
    Over,
}

impl Request {
    fn send(authority: &str, registry: &Registry) -> io::Result<Self> {
        let request = OutgoingRequest::new(Fields::new());
        let refused = |()| io::Error::other(format!("{authority:?} is nobody to send to"));
        request.set_scheme(Some(&Scheme::Http)).map_err(refused)?;
        request.set_authority(Some(authority)).map_err(refused)?;
        request.set_path_with_query(Some("/")).map_err(refused)?;
        let future = match outgoing_handler::handle(request, None) {
            Ok(future) => future,
            Err(code) => {
                println!("request: {code}");
                return Ok(Self::Over);
            }
        };
        let ready = future.subscribe();
        Ok(Self::Sent {
            _source: wait_for(&ready, registry)?,
            _ready: ready,
            future,
        })
    }

    /// Handles an event: reads the response, or more of its body.
    fn go_on(&mut self, registry: &Registry) -> io::Result<()> {
        if let Self::Sent { future, .. } = self {
            let Some(answer) = future.get() else {
                return Ok(());
            };
            // The outer error means that the response was already taken. It cannot happen here.
            *self = match answer
                .unwrap_or_else(|()| unreachable!("the response is taken here alone"))
            {
                Ok(response) => Self::receive(response, registry)?,
                Err(code) => {
                    println!("request: {code}");
                    Self::Over
                }
            };
            return Ok(());
        }
        let Self::Answered {
            stream, len_bytes, ..
        } = self
        else {
            return Ok(());
        };
        match stream.read(CHUNK_LEN as u64) {
            Ok(bytes) => {
                *len_bytes += bytes.len();
                print!("{}", String::from_utf8_lossy(&bytes));
            }
            Err(StreamError::Closed) => {
                println!("end of the body after {len_bytes} bytes");
                *self = Self::Over;
            }
            Err(StreamError::LastOperationFailed(error)) => {
                println!("body: {}", error.to_debug_string());
                *self = Self::Over;
            }
        }
        Ok(())
    }

    fn receive(response: IncomingResponse, registry: &Registry) -> io::Result<Self> {
        println!("response: {}", response.status());
        let taken = |()| io::Error::other("the body was taken before");
        let body = response.consume().map_err(taken)?;
        let stream = body.stream().map_err(taken)?;
        let ready = stream.subscribe();
        Ok(Self::Answered {
            _source: wait_for(&ready, registry)?,
            _ready: ready,
            stream,
            _body: body,
            _response: response,
            len_bytes: 0,
        })
    }
}

/// Registers a pollable of the host. It must outlive the returned source.
fn wait_for(pollable: &HostPollable, registry: &Registry) -> io::Result<Pollable> {
    let mut source = Pollable::new(pollable.handle());
    registry.register(&mut source, REQUEST, Interest::READABLE)?;
    Ok(source)
}

//! Connects to a host by name: looks the name up, tries its addresses until one accepts, sends a
//! line and prints the reply.
//!
//! ```sh
//! cargo run -p wasio-examples --bin dns_and_dial localhost 7777         # natively
//! cargo build -p wasio-examples --release --target wasm32-wasip2 --bin dns_and_dial
//! wasio-host run --wasi 0.2 target/wasm32-wasip2/release/dns_and_dial.wasm localhost 7777
//! ```
//!
//! One poll waits for the look-up, the connection and the deadline of each attempt. WASI 0.1 can
//! neither look up names nor connect.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Shutdown, SocketAddr};
use std::time::Duration;

use wasio::net::{self, TcpStream};
use wasio::time::Timer;
use wasio::{Events, Interest, Poll, Token};

const SOURCE: Token = Token(0);
const DEADLINE: Token = Token(1);
/// The time limit of the look-up, and of each attempt to connect.
const PATIENCE: Duration = Duration::from_secs(5);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match args.as_slice() {
        [name, port] => port
            .parse()
            .map_err(|error| io::Error::other(format!("{port:?} is not a port: {error}")))
            .and_then(|port| run(name, port)),
        _ => Err(io::Error::other("usage: dns_and_dial NAME PORT")),
    };
    if let Err(error) = result {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

fn run(name: &str, port: u16) -> io::Result<()> {
    let mut waiter = Waiter::new()?;
    let addresses = waiter.look_up(name)?;
    println!("{name} has {} addresses", addresses.len());
    for address in addresses {
        let address = SocketAddr::new(address, port);
        match waiter.connect(address) {
            Ok(stream) => {
                println!("{address}: connected");
                return waiter.talk(stream);
            }
            Err(error) => println!("{address}: {error}"),
        }
    }
    Err(io::Error::other(format!(
        "no address of {name} answers on port {port}"
    )))
}

/// A poll that waits for one source at a time, with a time limit.
struct Waiter {
    poll: Poll,
    events: Events,
    deadline: Timer,
}

impl Waiter {
    fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut deadline = Timer::new();
        poll.registry()
            .register(&mut deadline, DEADLINE, Interest::READABLE)?;
        Ok(Self {
            poll,
            events: Events::with_capacity(8),
            deadline,
        })
    }

    /// Waits for an event of the registered source.
    fn wait(&mut self) -> io::Result<()> {
        loop {
            self.poll.poll(&mut self.events, None)?;
            // If the timer has expired too, the source takes precedence: it may be the answer.
            if self.events.iter().any(|event| event.token() == SOURCE) {
                return Ok(());
            }
            if !self.events.is_empty() {
                return Err(io::Error::new(
                    ErrorKind::TimedOut,
                    format!("no answer in {PATIENCE:?}"),
                ));
            }
        }
    }

    /// Looks up all addresses of a name.
    fn look_up(&mut self, name: &str) -> io::Result<Vec<IpAddr>> {
        let mut lookup = net::lookup(name)?;
        let registry = self.poll.registry();
        registry.register(&mut lookup, SOURCE, Interest::READABLE)?;
        self.deadline.set(PATIENCE);
        let mut addresses = Vec::new();
        loop {
            match lookup.next_address() {
                Ok(Some(address)) => addresses.push(address),
                Ok(None) => return Ok(addresses),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait()?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns a registered connection, or the reason why there is none.
    fn connect(&mut self, address: SocketAddr) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(address)?;
        let both = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut stream, SOURCE, both)?;
        self.deadline.set(PATIENCE);
        loop {
            self.wait()?;
            if let Some(error) = stream.take_error()? {
                return Err(error);
            }
            match stream.peer_addr() {
                Ok(_) => return Ok(stream),
                // A spurious event: the attempt is not over.
                Err(error) if error.kind() == ErrorKind::NotConnected => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Sends a greeting, and prints the reply until the end of the stream.
    fn talk(&mut self, mut stream: TcpStream) -> io::Result<()> {
        self.deadline.cancel();
        // A new connection has room for a few bytes.
        stream.write_all(b"hello\n")?;
        stream.shutdown(Shutdown::Write)?;
        let mut buffer = [0; 4096];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(read) => io::stdout().write_all(&buffer[..read])?,
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.wait()?,
                Err(error) => return Err(error),
            }
        }
    }
}

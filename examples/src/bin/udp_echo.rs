//! A UDP server that sends each datagram back to its sender.
//!
//! ```sh
//! cargo run -p wasio-examples --bin udp_echo 127.0.0.1:7777             # natively
//! cargo build -p wasio-examples --release --target wasm32-wasip2 --bin udp_echo
//! wasio-host run --wasi 0.2 target/wasm32-wasip2/release/udp_echo.wasm 127.0.0.1:7777
//! ```
//!
//! While a send would block, the server does not receive. Datagrams that arrive meanwhile wait in
//! the system's buffer, or are lost when it is full. WASI 0.1 has no UDP.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use wasio::net::UdpSocket;
use wasio::{Events, Interest, Poll, Token};

/// The size of the largest possible datagram.
const MAX_LEN: usize = 65_535;

fn main() -> io::Result<()> {
    let address = std::env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:0");
    let address: SocketAddr = address
        .parse()
        .map_err(|error| io::Error::other(format!("{address:?} is not an address: {error}")))?;
    let mut socket = UdpSocket::bind(address)?;
    println!("listening {}", socket.local_addr()?);

    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(1);
    // Register for both directions once: neither is reported again until it has blocked.
    let both = Interest::READABLE | Interest::WRITABLE;
    poll.registry().register(&mut socket, Token(0), both)?;
    let mut echo = Echo {
        socket,
        buffer: vec![0; MAX_LEN],
        unsent: None,
    };
    loop {
        poll.poll(&mut events, None)?;
        match echo.serve() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            result => result?,
        }
    }
}

struct Echo {
    socket: UdpSocket,
    buffer: Vec<u8>,
    /// The length and sender of a datagram in the buffer whose send would have blocked.
    unsent: Option<(usize, SocketAddr)>,
}

impl Echo {
    /// Serves until one direction would block.
    fn serve(&mut self) -> io::Result<()> {
        loop {
            if let Some((len, from)) = self.unsent {
                match self.socket.send_to(&self.buffer[..len], from) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(error),
                    // This peer cannot be reached. Continue with the others.
                    Err(error) => eprintln!("{from}: {error}"),
                }
                self.unsent = None;
            }
            match self.socket.recv_from(&mut self.buffer) {
                Ok(received) => self.unsent = Some(received),
                // A reply was rejected because its receiver no longer exists.
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
                Err(error) => return Err(error),
            }
        }
    }
}

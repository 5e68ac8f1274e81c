//! Waits for standard input and for the network in one poll. Each line of the input is sent to
//! every connection, and each line from a connection is printed.
//!
//! ```sh
//! cargo build -p wasio-examples --release --target wasm32-wasip1 --bin stdin_and_sockets
//! wasio-host run --listen 127.0.0.1:7777 target/wasm32-wasip1/release/stdin_and_sockets.wasm
//! nc 127.0.0.1 7777     # in another terminal
//! ```
//!
//! The end of the input ends the program.

use std::io::{self, ErrorKind, Read, Write};

use slab::Slab;
use wasio::net::{TcpListener, TcpStream};
use wasio::{Events, Interest, Poll, Token, stdio};

const LISTENER: Token = Token(usize::MAX);
const STDIN: Token = Token(usize::MAX - 1);

fn main() -> io::Result<()> {
    let mut listener = match TcpListener::preopened()? {
        Some(listener) => listener,
        None => {
            let address = ([127, 0, 0, 1], 0).into();
            let listener = TcpListener::bind(address)?;
            println!("listening {}", listener.local_addr()?);
            listener
        }
    };
    let mut stdin = stdio::stdin()?;
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(64);
    poll.registry()
        .register(&mut listener, LISTENER, Interest::READABLE)?;
    poll.registry()
        .register(&mut stdin, STDIN, Interest::READABLE)?;

    let mut connections: Slab<TcpStream> = Slab::new();
    let mut buffer = vec![0; 8 * 1024];
    loop {
        poll.poll(&mut events, None)?;
        for event in &events {
            match event.token() {
                STDIN => loop {
                    match stdin.read(&mut buffer) {
                        Ok(0) => return Ok(()),
                        Ok(read) => send_to_all(&mut connections, &buffer[..read]),
                        Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                        Err(error) => return Err(error),
                    }
                },
                LISTENER => {
                    while let Ok((mut stream, _)) = listener.accept() {
                        let entry = connections.vacant_entry();
                        poll.registry().register(
                            &mut stream,
                            Token(entry.key()),
                            Interest::READABLE,
                        )?;
                        println!("connection {} opened", entry.key());
                        entry.insert(stream);
                    }
                }
                Token(id) => {
                    let Some(stream) = connections.get_mut(id) else {
                        continue;
                    };
                    if !print_all(id, stream, &mut buffer) {
                        println!("connection {id} closed");
                        connections.remove(id);
                    }
                }
            }
        }
        io::stdout().flush()?;
    }
}

/// Sends to each connection. A connection whose buffers are full is dropped: input is typed slowly,
/// so its peer has stopped reading.
fn send_to_all(connections: &mut Slab<TcpStream>, bytes: &[u8]) {
    connections.retain(|id, stream| {
        let sent = stream.write(bytes).is_ok_and(|sent| sent == bytes.len());
        if !sent {
            println!("connection {id} does not keep up");
        }
        sent
    });
}

/// Prints what a connection has sent. Returns whether it is still open.
fn print_all(id: usize, stream: &mut TcpStream, buffer: &mut [u8]) -> bool {
    loop {
        match stream.read(buffer) {
            Ok(0) => return false,
            Ok(read) => print!("{id}: {}", String::from_utf8_lossy(&buffer[..read])),
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

//! An echo server for as many connections as its argument says, each always registered for both
//! directions. Ends when all are closed.

use std::io::{ErrorKind, Read, Write};

use wasio::net::TcpStream;
use wasio::{Events, Interest, Poll, Token};
use wasio_guests::driver::BOTH;

const LISTENER: Token = Token(usize::MAX);

fn main() {
    let count: usize = std::env::args().nth(1).expect("a count").parse().unwrap();
    let mut listener = wasio_guests::listener();
    // No timeout: a poll that ends by itself would cost CPU time.
    let mut poll = Poll::new().expect("a poll");
    let mut events = Events::with_capacity(1024);
    let registry = poll.registry();
    registry
        .register(&mut listener, LISTENER, Interest::READABLE)
        .expect("register");
    let mut streams: Vec<Option<TcpStream>> = Vec::new();
    let mut buffer = vec![0; 4096];
    let mut ended = 0;
    while ended < count {
        poll.poll(&mut events, None).expect("poll");
        for event in &events {
            if event.token() == LISTENER {
                while let Ok((mut stream, _)) = listener.accept() {
                    let token = Token(streams.len());
                    poll.registry()
                        .register(&mut stream, token, BOTH)
                        .expect("register");
                    streams.push(Some(stream));
                }
                continue;
            }
            let slot = &mut streams[event.token().0];
            if slot
                .as_ref()
                .is_some_and(|stream| !serve(stream, &mut buffer))
            {
                *slot = None;
                ended += 1;
            }
        }
    }
}

/// Sends back what has arrived. Returns `false` at the end. Messages are small, so there is room.
fn serve(mut stream: &TcpStream, buffer: &mut [u8]) -> bool {
    loop {
        match stream.read(buffer) {
            Ok(0) => return false,
            Ok(count) => stream.write_all(&buffer[..count]).expect("room"),
            Err(error) => return error.kind() == ErrorKind::WouldBlock,
        }
    }
}

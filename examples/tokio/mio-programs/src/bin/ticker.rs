//! An event loop that keeps its deadlines itself, like runtimes on mio: the timeout of the poll is
//! the time until the next deadline, and sources are boxed.
//!
//! Each client gets five numbered lines, one every 20 ms, and is then closed.

#[cfg(target_env = "p1")]
#[path = "../raw.rs"]
mod raw;

use std::collections::HashMap;
use std::io::{self, ErrorKind, Write};
use std::time::{Duration, Instant};

use mio::event::Source;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

const SERVER: Token = Token(usize::MAX);
const PERIOD: Duration = Duration::from_millis(20);
const LINES: u32 = 5;

struct Client {
    stream: TcpStream,
    next: Instant,
    sent: u32,
}

fn main() -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(16);
    let mut server = Box::new(listener()?);
    register(&poll, &mut *server)?;
    let mut clients = HashMap::new();
    let mut last = 0;
    loop {
        let now = Instant::now();
        let due = clients.values().map(|client: &Client| client.next).min();
        let timeout = due.map(|due| due.saturating_duration_since(now));
        poll.poll(&mut events, timeout)?;
        if events.iter().any(|event| event.token() == SERVER) {
            loop {
                match server.accept() {
                    Ok((mut stream, _)) => {
                        last += 1;
                        poll.registry()
                            .register(&mut stream, Token(last), Interest::WRITABLE)?;
                        let next = Instant::now() + PERIOD;
                        let sent = 0;
                        clients.insert(last, Client { stream, next, sent });
                    }
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => {
                        eprintln!("accept: {error}");
                        break;
                    }
                }
            }
        }
        clients.retain(|_, client| tick(client).unwrap_or(false));
    }
}

fn register(poll: &Poll, source: &mut dyn Source) -> io::Result<()> {
    poll.registry().register(source, SERVER, Interest::READABLE)
}

/// Sends the next line if it is due. Returns whether there are more.
fn tick(client: &mut Client) -> io::Result<bool> {
    if client.next <= Instant::now() {
        client
            .stream
            .write_all(format!("{}\n", client.sent).as_bytes())?;
        client.sent += 1;
        client.next += PERIOD;
    }
    Ok(client.sent < LINES)
}

#[cfg(target_env = "p1")]
fn listener() -> io::Result<TcpListener> {
    let listener = raw::handed_in();
    listener.set_nonblocking(true)?;
    Ok(TcpListener::from_std(listener))
}

#[cfg(not(target_env = "p1"))]
fn listener() -> io::Result<TcpListener> {
    let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
    println!("listening {}", listener.local_addr()?);
    Ok(listener)
}

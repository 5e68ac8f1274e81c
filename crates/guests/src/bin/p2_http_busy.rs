//! Reads the body of a `wasi:http` response while sockets are busy. Each part of the body contains
//! the time at which it was sent. The program measures how late it sees the parts, first without
//! and then with busy sockets.
//!
//! Arguments: the HTTP server, and the number of connections to accept.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use wasio::net::TcpStream;
use wasio::{Events, Interest, Poll, Token};
use wasio_guests::http::{self, Body};
use wasip2::io::streams::StreamError;

const LISTENER: Token = Token(usize::MAX);
const REQUEST: Token = Token(usize::MAX - 1);
const LONGEST: Duration = Duration::from_secs(40);

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, authority, connections] = args.as_slice() else {
        panic!("two arguments, not {args:?}");
    };
    let connections: usize = connections.parse().expect("a number");
    let mut poll = Poll::new().expect("a poll");
    let quiet = measure(&mut poll, authority, &mut []);
    let mut streams = accept_all(&mut poll, connections);
    let busy = measure(&mut poll, authority, &mut streams);
    for (name, measured) in [("quiet", quiet), ("busy", busy)] {
        let Measured { mut late_us, moved } = measured;
        late_us.sort_unstable();
        let (median, worst) = (late_us[late_us.len() / 2], late_us[late_us.len() - 1]);
        let p90 = late_us[late_us.len() * 9 / 10];
        println!(
            "{name} parts {} median {median} p90 {p90} worst {worst} moved {moved}",
            late_us.len()
        );
    }
}

fn accept_all(poll: &mut Poll, count: usize) -> Vec<TcpStream> {
    let mut listener = wasio_guests::listener();
    let registry = poll.registry();
    registry
        .register(&mut listener, LISTENER, Interest::READABLE)
        .expect("register");
    let mut events = Events::with_capacity(64);
    let mut streams = Vec::new();
    while streams.len() < count {
        poll.poll(&mut events, Some(LONGEST)).expect("poll");
        assert!(!events.is_empty(), "{} of {count}", streams.len());
        while let Ok((stream, _)) = listener.accept() {
            streams.push(stream);
        }
    }
    // Only now: an event of it would be lost while the connections are accepted.
    for (token, stream) in streams.iter_mut().enumerate() {
        poll.registry()
            .register(stream, Token(token), Interest::READABLE)
            .expect("register");
    }
    streams
}

struct Measured {
    /// The delay of each part of the body.
    late_us: Vec<u64>,
    /// The number of echoes on connections meanwhile.
    moved: u64,
}

/// Reads a whole response, and serves the connections meanwhile.
fn measure(poll: &mut Poll, authority: &str, streams: &mut [TcpStream]) -> Measured {
    let start = Instant::now();
    let mut events = Events::with_capacity(64);
    let mut request = Some(http::get(authority, poll.registry(), REQUEST));
    let mut body = None;
    let mut measured = Measured {
        late_us: Vec::new(),
        moved: 0,
    };
    loop {
        poll.poll(&mut events, Some(LONGEST)).expect("poll");
        assert!(start.elapsed() < LONGEST, "the body does not end");
        for event in &events {
            if event.token() != REQUEST {
                measured.moved += echo(&mut streams[event.token().0]);
                continue;
            }
            if let Some(sent) = request.take() {
                match sent.answer(poll.registry(), REQUEST) {
                    Ok(answer) => body = Some(answer),
                    Err(sent) => request = Some(sent),
                }
            } else if let Some(answer) = &body
                && !read(answer, &mut measured.late_us)
            {
                return measured;
            }
        }
    }
}

/// Reads the available parts of the body, 20 digits each. Returns whether there may be more.
fn read(body: &Body, late_us: &mut Vec<u64>) -> bool {
    let bytes = match body.stream.read(64 * 1024) {
        Ok(bytes) => bytes,
        Err(StreamError::Closed) => return false,
        Err(StreamError::LastOperationFailed(error)) => panic!("{}", error.to_debug_string()),
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now_us = now.expect("after 1970").as_micros();
    assert_eq!(bytes.len() % 20, 0, "whole parts");
    for part in bytes.chunks(20) {
        let text = std::str::from_utf8(part).expect("digits");
        let sent_us: u128 = text.parse().expect("a time");
        late_us.push(u64::try_from(now_us.saturating_sub(sent_us)).expect("not forever"));
    }
    true
}

fn echo(stream: &mut TcpStream) -> u64 {
    let mut buffer = [0; 256];
    let mut moved = 0;
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return moved,
            Ok(read) => {
                stream.write_all(&buffer[..read]).expect("room");
                moved += 1;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return moved,
            Err(error) => panic!("{error}"),
        }
    }
}

//! What mio's documentation promises, natively: each promise a test. It holds of the
//! registry's mio too. On WASI the guests of wasio and of examples/tokio show the same.
#![cfg(all(unix, feature = "net", feature = "os-ext"))]

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::event::{Event, Source};
use mio::{Events, Interest, Poll, Token};

#[path = "guarantees/poll.rs"]
mod poll;
#[path = "guarantees/raw.rs"]
mod raw;
#[path = "guarantees/tcp.rs"]
mod tcp;
#[path = "guarantees/unix.rs"]
mod unix;
#[path = "guarantees/waker.rs"]
mod waker;

/// How long an event may take before a test fails.
const LIMIT: Duration = Duration::from_secs(10);
/// How long it is watched that there is none.
const SILENCE: Duration = Duration::from_millis(20);
const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

struct Loop {
    poll: Poll,
    events: Events,
}

impl Loop {
    fn new() -> Self {
        Self::with_capacity(16)
    }

    fn with_capacity(capacity: usize) -> Self {
        Self {
            poll: Poll::new().unwrap(),
            events: Events::with_capacity(capacity),
        }
    }

    fn register(&self, source: &mut impl Source, token: usize, interests: Interest) {
        let registry = self.poll.registry();
        registry.register(source, Token(token), interests).unwrap();
    }

    fn poll(&mut self, timeout: Duration) -> Vec<Event> {
        self.poll.poll(&mut self.events, Some(timeout)).unwrap();
        self.events.iter().cloned().collect()
    }

    /// Waits until an event of `token` is what `wanted` says.
    fn wait(&mut self, token: usize, wanted: impl Fn(&Event) -> bool) {
        let deadline = Instant::now() + LIMIT;
        while Instant::now() < deadline {
            let events = self.poll(deadline - Instant::now());
            if events
                .iter()
                .any(|event| event.token() == Token(token) && wanted(event))
            {
                return;
            }
        }
        panic!("no such event of token {token} in {LIMIT:?}");
    }

    fn assert_silent(&mut self) {
        let start = Instant::now();
        let events = self.poll(SILENCE);
        assert!(events.is_empty(), "{events:?}");
        assert!(start.elapsed() >= SILENCE);
    }
}

/// Reads until there is no more for now.
fn drain(mut source: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 64];
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return bytes,
            Ok(read) => bytes.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return bytes,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Writes until there is no room.
fn fill(mut sink: impl Write) -> usize {
    let mut filled = 0;
    loop {
        match sink.write(&[7; 4096]) {
            Ok(written) => filled += written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return filled,
            Err(error) => panic!("{error}"),
        }
    }
}

#[track_caller]
fn assert_would_block<T: std::fmt::Debug>(result: io::Result<T>) {
    assert_eq!(result.unwrap_err().kind(), ErrorKind::WouldBlock);
}

//! What the tests of the public API share.

#![allow(dead_code, reason = "each test file uses a part of it")]

#[cfg(unix)]
pub(crate) mod child;
#[cfg(unix)]
#[allow(unsafe_code, reason = "the conversion under test is unsafe")]
pub(crate) mod raw;

use std::io::{self, Read};
use std::panic;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use wasio::event::Event;
use wasio::{Events, Poll, Selector};

/// The bound of a test's time: a wait that hangs fails the test instead.
pub(crate) const LIMIT: Duration = Duration::from_secs(20);
/// How long an event that must not come is waited for.
pub(crate) const SILENCE: Duration = Duration::from_millis(30);
/// How late a single wait may be on a busy machine.
pub(crate) const SLACK: Duration = Duration::from_secs(2);
/// How late most of the waits are at most that end at once: this is the machine's share.
const PROMPT: Duration = Duration::from_millis(10);

/// Runs a test, and fails it if it takes longer than [`LIMIT`].
pub(crate) fn bounded(test: impl FnOnce() + Send + 'static) {
    let (done, is_done) = mpsc::channel();
    let running = thread::spawn(move || {
        test();
        let _ = done.send(());
    });
    match is_done.recv_timeout(LIMIT) {
        Err(RecvTimeoutError::Timeout) => panic!("still running after {LIMIT:?}"),
        Ok(()) | Err(RecvTimeoutError::Disconnected) => {
            if let Err(panic) = running.join() {
                panic::resume_unwind(panic);
            }
        }
    }
}

/// Polls until there is something.
pub(crate) fn poll(poll: &mut Poll, events: &mut Events) -> Vec<Event> {
    poll.poll(events, Some(LIMIT)).unwrap();
    assert!(!events.is_empty(), "no event within {LIMIT:?}");
    events.iter().cloned().collect()
}

/// Polls for the one event there should be.
pub(crate) fn one_event(poll: &mut Poll, events: &mut Events) -> Event {
    let mut found = self::poll(poll, events);
    assert_eq!(found.len(), 1, "{found:?}");
    found.remove(0)
}

/// Asserts that waits which should end at once were not late, by how late each was.
#[track_caller]
pub(crate) fn assert_prompt(mut delays: Vec<Duration>) {
    delays.sort_unstable();
    let (median, longest) = (delays[delays.len() / 2], delays[delays.len() - 1]);
    assert!(median < PROMPT, "the median of {delays:?} is {median:?}");
    assert!(longest < SLACK, "{delays:?}");
}

/// Polls, though another thread may be in `select` for a moment, to see whether this one is.
pub(crate) fn poll_beside_others(poll: &mut Poll, events: &mut Events) {
    while let Err(error) = poll.poll(events, Some(LIMIT)) {
        assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
    }
}

/// Until another thread is in `select`.
pub(crate) fn wait_until_busy(selector: &Selector) {
    let mut events = Events::with_capacity(1);
    let started = Instant::now();
    while let Ok(()) = selector.select(&mut events, Some(Duration::ZERO)) {
        assert!(started.elapsed() < LIMIT);
    }
    let refused = selector.select(&mut events, Some(Duration::ZERO));
    assert_error(refused, io::ErrorKind::ResourceBusy);
}

/// Asserts that there is no event for a while.
pub(crate) fn assert_silent(poll: &mut Poll, events: &mut Events) {
    let started = Instant::now();
    poll.poll(events, Some(SILENCE)).unwrap();
    let waited = started.elapsed();
    assert!(events.is_empty(), "{events:?}");
    assert!(waited >= SILENCE, "early: {waited:?}");
}

/// Asserts the kind of an error.
#[track_caller]
pub(crate) fn assert_error<T: std::fmt::Debug>(result: io::Result<T>, kind: io::ErrorKind) {
    match result {
        Err(error) => assert_eq!(error.kind(), kind, "{error}"),
        Ok(value) => panic!("{value:?} is not an error: {kind:?} was expected"),
    }
}

#[track_caller]
pub(crate) fn assert_would_block<T: std::fmt::Debug>(result: io::Result<T>) {
    assert_error(result, io::ErrorKind::WouldBlock);
}

/// Reads what there is.
pub(crate) fn drain(mut stream: impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return all,
            Ok(read) => all.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return all,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Two ends of a connection: a source, and a blocking peer.
#[cfg(feature = "net")]
pub(crate) fn connection() -> (wasio::net::TcpStream, std::net::TcpStream) {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().unwrap();
    ours.set_nonblocking(true).unwrap();
    peer.set_nodelay(true).unwrap();
    peer.set_read_timeout(Some(LIMIT)).unwrap();
    peer.set_write_timeout(Some(LIMIT)).unwrap();
    (wasio::net::TcpStream::from_std(ours), peer)
}

//! Helpers around a poll that most guests use. Each wait has a time limit.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use wasio::event::{Event, Source};
use wasio::net::{TcpListener, TcpStream, lookup};
use wasio::{Events, Interest, Poll, Selector, Token};

/// How long a guest waits for something that must happen.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// How long a guest waits to see that nothing happens.
pub const SILENCE: Duration = Duration::from_millis(60);

/// Both directions.
pub const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// A poll and its events.
#[derive(Debug)]
pub struct Driver {
    /// The poll.
    pub poll: Poll,
    /// The events of the last poll.
    pub events: Events,
}

impl Default for Driver {
    fn default() -> Self {
        Self::with_capacity(64)
    }
}

impl Driver {
    /// Creates a poll, with room for `capacity` events.
    ///
    /// # Panics
    /// Panics if that fails.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            poll: Poll::new().expect("a poll"),
            events: Events::with_capacity(capacity),
        }
    }

    /// Registers a source.
    ///
    /// # Panics
    /// Panics if that fails.
    pub fn register(&self, source: &mut impl Source, token: usize, interest: Interest) {
        let registry = self.poll.registry();
        registry
            .register(source, Token(token), interest)
            .expect("register");
    }

    /// Deregisters a source.
    ///
    /// # Panics
    /// Panics if that fails.
    pub fn deregister(&self, source: &mut impl Source) {
        let registry = self.poll.registry();
        registry.deregister(source).expect("deregister");
    }

    /// Polls once. Another thread may be in `select` for a moment, see [`wait_until_busy`].
    fn poll(&mut self, timeout: Duration) {
        while let Err(error) = self.poll.poll(&mut self.events, Some(timeout)) {
            assert_eq!(error.kind(), ErrorKind::ResourceBusy, "{error}");
        }
    }

    /// Polls once, and not for long: what is waited for may have no registration.
    pub fn turn(&mut self) {
        self.poll(Duration::from_millis(2));
    }

    /// Polls once and returns copies of the events.
    ///
    /// # Panics
    /// Panics if there is no event in time.
    pub fn next_events(&mut self) -> Vec<Event> {
        self.poll(PATIENCE);
        assert!(!self.events.is_empty(), "no event in {PATIENCE:?}");
        self.events.iter().cloned().collect()
    }

    /// Polls once and returns the tokens of the events, sorted.
    ///
    /// # Panics
    /// Panics if there is no event in time.
    pub fn next_tokens(&mut self) -> Vec<usize> {
        let mut tokens: Vec<_> = self
            .next_events()
            .iter()
            .map(|event| event.token().0)
            .collect();
        tokens.sort_unstable();
        tokens
    }

    /// Polls once, and expects exactly one event, with this token.
    ///
    /// # Panics
    /// Panics if there is no event, or any other.
    pub fn expect(&mut self, token: usize) -> Event {
        let mut events = self.next_events();
        assert_eq!(events.len(), 1, "{events:?}");
        let event = events.remove(0);
        assert_eq!(event.token(), Token(token), "{event:?}");
        event
    }

    /// Expects no event for [`SILENCE`].
    ///
    /// # Panics
    /// Panics if there is an event, or if the poll returns early.
    pub fn expect_silence(&mut self) {
        let start = Instant::now();
        self.poll(SILENCE);
        assert!(self.events.is_empty(), "{:#?}", self.events);
        assert!(start.elapsed() >= SILENCE, "early: {:?}", start.elapsed());
    }

    /// Reads `len` bytes from a registered stream, and polls whenever it would block.
    ///
    /// # Panics
    /// Panics if the bytes do not arrive.
    pub fn receive(&mut self, mut stream: &TcpStream, len: usize) -> Vec<u8> {
        let start = Instant::now();
        let mut bytes = vec![0; len];
        let mut received = 0;
        while received < len {
            match stream.read(&mut bytes[received..]) {
                Ok(0) => panic!("the end after {received} of {len} bytes"),
                Ok(count) => received += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    assert!(start.elapsed() < PATIENCE, "{received} of {len} bytes");
                    self.next_events();
                }
                Err(error) => panic!("after {received} of {len} bytes: {error}"),
            }
        }
        bytes
    }
}

/// Waits until another thread is in `select`.
///
/// # Panics
/// If none is in time, or there is an event.
pub fn wait_until_busy(selector: &Selector) {
    let mut events = Events::with_capacity(1);
    let start = Instant::now();
    loop {
        match selector.select(&mut events, Some(Duration::ZERO)) {
            Ok(()) => assert!(events.is_empty(), "{events:?}"),
            Err(error) if error.kind() == ErrorKind::ResourceBusy => return,
            Err(error) => panic!("select: {error}"),
        }
        assert!(start.elapsed() < PATIENCE, "no thread is in select");
        thread::yield_now();
    }
}

/// Holds the median of `delays` to what is documented, and each one to what a busy machine may add.
///
/// # Panics
/// If one of them is too long.
pub fn expect_prompt(mut delays: Vec<Duration>, documented: Duration) {
    delays.sort_unstable();
    let (median, longest) = (delays[delays.len() / 2], delays[delays.len() - 1]);
    let most = documented + Duration::from_millis(5);
    assert!(median < most, "median {median:?} of {delays:?}");
    assert!(longest < Duration::from_secs(2), "{delays:?}");
}

/// Accepts the next connection; waits for it in a poll of its own.
///
/// # Panics
/// Panics if there is none in time.
pub fn accept(listener: &mut TcpListener) -> TcpStream {
    let mut driver = Driver::with_capacity(1);
    driver.register(listener, 0, Interest::READABLE);
    let stream = loop {
        match listener.accept() {
            Ok((stream, _)) => break stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => driver.expect(0),
            Err(error) => panic!("accept: {error}"),
        };
    };
    driver.deregister(listener);
    stream
}

/// Accepts `N` connections. They are in the order in which the test connects, if it does so one
/// after the other.
///
/// # Panics
/// Panics if they do not arrive in time.
pub fn accept_each<const N: usize>(listener: &mut TcpListener) -> [TcpStream; N] {
    std::array::from_fn(|_| accept(listener))
}

/// Accepts `N` connections as non-blocking streams of the standard library. These have descriptors
/// on every target. (On WASI 0.2 the streams of wasio have none.)
///
/// # Panics
/// Panics if they do not arrive in time.
pub fn accept_std<const N: usize>() -> [std::net::TcpStream; N] {
    #[cfg(target_env = "p2")]
    {
        let listener = crate::std_listener(0);
        std::array::from_fn(|_| {
            let (stream, _) = listener.accept().expect("accept");
            stream.set_nonblocking(true).expect("non-blocking");
            stream
        })
    }
    #[cfg(not(target_env = "p2"))]
    accept_each::<N>(&mut crate::listener()).map(Into::into)
}

/// Reads until the stream would block or ends. The flag tells whether it has ended.
///
/// # Panics
/// Panics on any other error.
pub fn drain(stream: &mut impl Read) -> (Vec<u8>, bool) {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return (bytes, true),
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return (bytes, false),
            Err(error) => panic!("read: {error}"),
        }
    }
}

/// Reports the guest's progress to the test, in a few bytes.
///
/// # Panics
/// Panics if the stream has no room for them.
pub fn say(mut stream: &TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).expect("write");
}

/// Writes until the stream would block, and returns the number of bytes. It is 0 for a stream that
/// is still connecting.
///
/// # Panics
/// Panics on any other error, or if the stream never blocks.
pub fn fill(mut stream: &TcpStream) -> usize {
    let chunk = vec![7; 64 * 1024];
    let start = Instant::now();
    let mut sent = 0;
    loop {
        match stream.write(&chunk) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return sent,
            Err(error) => panic!("after {sent} bytes: {error}"),
        }
        assert!(start.elapsed() < PATIENCE, "{sent} bytes and no end");
    }
}

/// The same, until the peer's system has no more room: a host that is slow has room again after a
/// wait.
///
/// # Panics
/// Panics if that does not come.
pub fn fill_up(stream: &mut TcpStream) -> usize {
    let mut driver = Driver::default();
    driver.register(stream, 0, Interest::WRITABLE);
    let mut sent = 0;
    loop {
        sent += fill(stream);
        (driver.poll.poll(&mut driver.events, Some(SILENCE))).expect("poll");
        if driver.events.is_empty() {
            driver.deregister(stream);
            return sent;
        }
    }
}

/// Waits until `len` bytes have arrived on a stream that is not registered.
///
/// # Panics
/// Panics if they do not arrive.
pub fn hear(stream: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut driver = Driver::default();
    driver.register(stream, 0, Interest::READABLE);
    let bytes = driver.receive(stream, len);
    driver.deregister(stream);
    bytes
}

/// Waits until data has arrived on a stream that is not registered, without reading it.
///
/// # Panics
/// Panics if nothing arrives.
pub fn hear_some(stream: &mut TcpStream) {
    let mut driver = Driver::with_capacity(1);
    driver.register(stream, 0, Interest::READABLE);
    loop {
        match stream.peek(&mut [0]) {
            Ok(_) => break,
            Err(error) if error.kind() == ErrorKind::WouldBlock => driver.expect(0),
            Err(error) => panic!("peek: {error}"),
        };
    }
    driver.deregister(stream);
}

/// Expects an error of this kind.
///
/// # Panics
/// Panics on success, and on an error of another kind.
pub fn expect_kind<T: std::fmt::Debug>(result: std::io::Result<T>, kind: ErrorKind) {
    let error = result.expect_err("this should fail");
    assert_eq!(error.kind(), kind, "{error}");
}

/// The error of a look-up that a host forbids.
///
/// # Panics
/// Panics if the host finds the name.
#[must_use]
pub fn failed_lookup(name: &str) -> std::io::Error {
    // Also what the host says at once comes with the answer.
    let mut name = lookup(name).expect("the look-up starts");
    let mut driver = Driver::with_capacity(1);
    driver.register(&mut name, 0, Interest::READABLE);
    driver.expect(0);
    name.next_address().expect_err("the host forbids it")
}

/// Any free port of this machine.
#[must_use]
pub fn local() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Returns the host's code of an error.
#[cfg(target_env = "p2")]
#[must_use]
pub fn host_code(error: &std::io::Error) -> Option<&'static str> {
    error.get_ref()?.downcast_ref::<wasio::HostError>()?.code()
}

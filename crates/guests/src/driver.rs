//! What most guests do with a poll, with a bound on the time of each wait.

use std::io::{ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};

use wasio::event::{Event, Source};
use wasio::net::{TcpListener, TcpStream};
use wasio::{Events, Interest, Poll, Selector, Token};

/// The longest that a guest waits for what must come.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// For how long a guest looks for what must not come.
pub const SILENCE: Duration = Duration::from_millis(60);

/// Both directions.
pub const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// A poll and its events.
#[derive(Debug)]
pub struct Driver {
    /// The poll.
    pub poll: Poll,
    /// What the last poll found.
    pub events: Events,
}

impl Default for Driver {
    fn default() -> Self {
        Self::with_capacity(64)
    }
}

impl Driver {
    /// A poll with room for `capacity` events.
    ///
    /// # Panics
    /// If there is none.
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
    /// If it cannot be.
    pub fn register(&self, source: &mut impl Source, token: usize, interest: Interest) {
        let registry = self.poll.registry();
        registry
            .register(source, Token(token), interest)
            .expect("register");
    }

    /// Deregisters a source.
    ///
    /// # Panics
    /// If it cannot be.
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

    /// Polls once and returns copies of the events.
    ///
    /// # Panics
    /// If nothing comes in time.
    pub fn next_events(&mut self) -> Vec<Event> {
        self.poll(PATIENCE);
        assert!(!self.events.is_empty(), "no event in {PATIENCE:?}");
        self.events.iter().cloned().collect()
    }

    /// The tokens of the next poll, sorted.
    ///
    /// # Panics
    /// If nothing comes in time.
    pub fn next_tokens(&mut self) -> Vec<usize> {
        let mut tokens: Vec<_> = self
            .next_events()
            .iter()
            .map(|event| event.token().0)
            .collect();
        tokens.sort_unstable();
        tokens
    }

    /// Wants one event, of `token`.
    ///
    /// # Panics
    /// If nothing, or something else, comes.
    pub fn expect(&mut self, token: usize) -> Event {
        let mut events = self.next_events();
        assert_eq!(events.len(), 1, "{events:?}");
        let event = events.remove(0);
        assert_eq!(event.token(), Token(token), "{event:?}");
        event
    }

    /// Wants no event for [`SILENCE`].
    ///
    /// # Panics
    /// If one comes, or the poll returns early.
    pub fn expect_silence(&mut self) {
        let start = Instant::now();
        self.poll(SILENCE);
        assert!(self.events.is_empty(), "{:#?}", self.events);
        assert!(start.elapsed() >= SILENCE, "early: {:?}", start.elapsed());
    }

    /// Reads `len` bytes of a stream that is registered, and polls meanwhile.
    ///
    /// # Panics
    /// If they do not come.
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
/// If none comes in time.
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

/// Accepts `N` connections; a test that connects one after the other finds them
/// in the same order.
///
/// # Panics
/// If they do not come in time.
pub fn accept_each<const N: usize>(listener: &mut TcpListener) -> [TcpStream; N] {
    std::array::from_fn(|_| accept(listener))
}

/// `N` connections as those of the standard library, non-blocking: what has a
/// descriptor on every target. (On WASI 0.2 wasio's own have none.)
///
/// # Panics
/// If they do not come in time.
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

/// Reads until the stream would block, or ends: then the second is `true`.
///
/// # Panics
/// If it fails otherwise.
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

/// Tells the test how far the guest is: a few bytes, for which there is room.
///
/// # Panics
/// If there is none.
pub fn say(mut stream: &TcpStream, text: &str) {
    stream.write_all(text.as_bytes()).expect("write");
}

/// Writes until there is no room, and returns how much that was. A connection that is still being
/// made has none yet.
///
/// # Panics
/// If it fails otherwise, or there is no end of it.
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

/// Waits until `len` bytes have come on a stream that is not registered.
///
/// # Panics
/// If they do not come.
pub fn hear(stream: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut driver = Driver::default();
    driver.register(stream, 0, Interest::READABLE);
    let bytes = driver.receive(stream, len);
    driver.deregister(stream);
    bytes
}

/// Waits until something has come on a stream that is not registered, and leaves it there.
///
/// # Panics
/// If nothing comes.
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

/// Wants an error of a kind.
///
/// # Panics
/// If there is none, or another.
pub fn expect_kind<T: std::fmt::Debug>(result: std::io::Result<T>, kind: ErrorKind) {
    let error = result.expect_err("this should fail");
    assert_eq!(error.kind(), kind, "{error}");
}

/// Any port of this machine.
#[must_use]
pub fn local() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// The host's code behind an error.
#[cfg(target_env = "p2")]
#[must_use]
pub fn host_code(error: &std::io::Error) -> Option<&'static str> {
    error.get_ref()?.downcast_ref::<wasio::HostError>()?.code()
}

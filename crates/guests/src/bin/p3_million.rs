//! Makes and drops a great many of everything. Afterwards the program has as many handles as before,
//! and as much memory.
#![allow(unsafe_code, reason = "imports of WASI 0.3")]

use std::io::ErrorKind;
use std::time::Duration;

use wasio::net::{TcpListener, TcpStream, UdpSocket, lookup};
use wasio::time::Timer;
use wasio::{Interest, Token, Waitable, Waker};
use wasio_guests::counting::{Counting, live_bytes};
use wasio_guests::driver::{BOTH, Driver, local};
use wasio_guests::waitables::{BLOCKED, CANCELLED, DROPPED, ends};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[link(wasm_import_module = "$root")]
unsafe extern "C" {
    #[link_name = "[waitable-set-new]"]
    safe fn set_new() -> u32;
    #[link_name = "[waitable-set-drop]"]
    safe fn set_drop(set: u32);
}

#[link(wasm_import_module = "wasi:cli/stdout@0.3.0")]
unsafe extern "C" {
    #[link_name = "[stream-new-0]write-via-stream"]
    safe fn stream_new() -> u64;
    #[link_name = "[async-lower][stream-read-0]write-via-stream"]
    fn stream_read(stream: u32, start: *mut u8, len: usize) -> u32;
    #[link_name = "[async-lower][stream-write-0]write-via-stream"]
    fn stream_write(stream: u32, start: *const u8, len: usize) -> u32;
    #[link_name = "[stream-drop-readable-0]write-via-stream"]
    safe fn stream_drop_readable(stream: u32);
    #[link_name = "[stream-drop-writable-0]write-via-stream"]
    safe fn stream_drop_writable(stream: u32);
    #[link_name = "[future-new-1]write-via-stream"]
    safe fn future_new() -> u64;
    #[link_name = "[async-lower][future-read-1]write-via-stream"]
    fn future_read(future: u32, result: *mut [u8; 2]) -> u32;
    #[link_name = "[future-cancel-read-1]write-via-stream"]
    safe fn future_cancel_read(future: u32) -> u32;
    #[link_name = "[async-lower][future-write-1]write-via-stream"]
    fn future_write(future: u32, result: *const [u8; 2]) -> u32;
    #[link_name = "[future-drop-readable-1]write-via-stream"]
    safe fn future_drop_readable(future: u32);
    #[link_name = "[future-drop-writable-1]write-via-stream"]
    safe fn future_drop_writable(future: u32);
}

/// A byte was moved, as a code of the component model.
const ONE_COMPLETED: u32 = 1 << 4;

/// An hour: longer than any of this takes.
const LONG: Duration = Duration::from_secs(3600);
/// More handles than one round has at a time.
const PROBES: usize = 256;
const POLL_EVERY: usize = 10;
/// Rounds after which all tables have grown.
const FIRST_ROUNDS: usize = 300;
/// What a table may grow by later, when more happens at a time than before.
const TABLES: usize = 4 * 1024;

struct All {
    driver: Driver,
    waker: Waker,
    listener: TcpListener,
    forever: Waitable,
}

/// Makes something and drops it again, in a round of this number.
type Make = fn(&mut All, usize);

/// What is made and dropped, and how often.
const KINDS: [(&str, usize, Make); 10] = [
    ("registrations", 1_000_000, registration),
    ("timers", 1_000_000, timer),
    ("wakes", 1_000_000, wake),
    ("streams", 1_000_000, stream),
    ("futures", 1_000_000, future),
    ("polls", 100_000, poll),
    ("listeners", 20_000, listener),
    ("UDP sockets", 20_000, datagrams),
    ("connections", 5_000, connection),
    ("look-ups", 5_000, name),
];

fn main() {
    let part = std::env::args().nth(1);
    let part: usize = part.map_or(1, |part| part.parse().expect("a number"));
    let driver = Driver::default();
    let (never, _writable) = ends(stream_new());
    let mut byte = 0;
    // SAFETY: the byte lives until the program ends.
    assert_eq!(unsafe { stream_read(never, &raw mut byte, 1) }, BLOCKED);
    let mut all = All {
        waker: Waker::new(driver.poll.registry(), Token(0)).expect("a waker"),
        listener: TcpListener::bind(local()).expect("bind"),
        forever: Waitable::new(never),
        driver,
    };
    for (name, count, make) in KINDS {
        let count = count / part;
        // What comes next gets the highest handles, which are the last to have been dropped.
        State::now();
        run(&mut all, make, FIRST_ROUNDS.min(count));
        let before = State::now();
        run(&mut all, make, count);
        let after = State::now();
        assert_eq!(after.highest, before.highest, "handles of {count} {name}");
        let bytes = after.bytes.saturating_sub(before.bytes);
        assert!(bytes <= TABLES, "{bytes} bytes of {count} {name}");
        let pages = after.pages - before.pages;
        assert!(pages <= 1, "{pages} pages of {count} {name}");
        println!("{count} {name}");
    }
    std::process::exit(0);
}

fn run(all: &mut All, make: Make, rounds: usize) {
    for round in 0..rounds {
        make(all, round);
        // What was deregistered keeps its place until the next poll.
        if round.is_multiple_of(POLL_EVERY) {
            let Driver { poll, events } = &mut all.driver;
            poll.poll(events, Some(Duration::ZERO)).expect("poll");
        }
    }
}

/// What the program has.
struct State {
    /// The highest number of a handle when all lower ones are in use: a host uses numbers again.
    highest: u32,
    /// What Rust's allocator has given out.
    bytes: usize,
    /// The length of the memory, which has what the host has asked for too.
    pages: usize,
}

impl State {
    fn now() -> Self {
        let bytes = live_bytes();
        let sets: Vec<u32> = (0..PROBES).map(|_| set_new()).collect();
        sets.iter().for_each(|set| set_drop(*set));
        Self {
            highest: sets.into_iter().max().unwrap_or(0),
            bytes,
            pages: core::arch::wasm32::memory_size(0),
        }
    }
}

fn registration(all: &mut All, round: usize) {
    let source: &mut dyn wasio::event::Source = match round % 2 {
        0 => &mut all.listener,
        _ => &mut all.forever,
    };
    let registry = all.driver.poll.registry();
    registry
        .register(source, Token(1), Interest::READABLE)
        .expect("register");
    registry
        .reregister(source, Token(2), Interest::READABLE)
        .expect("reregister");
    registry.deregister(source).expect("deregister");
}

fn timer(all: &mut All, _round: usize) {
    let mut timer = Timer::oneshot(LONG);
    all.driver.register(&mut timer, 1, Interest::READABLE);
}

fn wake(all: &mut All, _round: usize) {
    all.waker.wake().expect("wake");
    all.driver.expect(0);
}

/// A read that ends with a byte, or because the other end is dropped.
fn stream(all: &mut All, round: usize) {
    let (readable, writable) = ends(stream_new());
    let mut byte = 0;
    // SAFETY: the byte lives for longer than the stream.
    assert_eq!(unsafe { stream_read(readable, &raw mut byte, 1) }, BLOCKED);
    let mut source = Waitable::new(readable);
    all.driver.register(&mut source, 1, Interest::READABLE);
    if round.is_multiple_of(2) {
        // SAFETY: the write ends at once, as a read is in flight.
        let written = unsafe { stream_write(writable, [7].as_ptr(), 1) };
        assert_eq!(written, ONE_COMPLETED);
        all.driver.expect(1);
        assert_eq!(source.take_code(), Some(ONE_COMPLETED));
        stream_drop_writable(writable);
    } else {
        stream_drop_writable(writable);
        all.driver.expect(1);
        assert_eq!(source.take_code(), Some(DROPPED));
    }
    drop(source);
    stream_drop_readable(readable);
}

/// A read that is cancelled, with its source registered before.
fn future(all: &mut All, _round: usize) {
    let (readable, writable) = ends(future_new());
    let mut result = [0; 2];
    // SAFETY: the result lives for longer than the future.
    let read = unsafe { future_read(readable, &raw mut result) };
    assert_eq!(read, BLOCKED);
    let mut source = Waitable::new(readable);
    all.driver.register(&mut source, 1, Interest::READABLE);
    drop(source);
    assert_eq!(future_cancel_read(readable), CANCELLED);
    future_drop_readable(readable);
    // SAFETY: the write ends at once, as there is no other end.
    let written = unsafe { future_write(writable, &raw const result) };
    assert_eq!(written, DROPPED);
    future_drop_writable(writable);
}

/// The wait of a new poll sets a clock, and ends for something else.
fn poll(all: &mut All, round: usize) {
    let shared = std::mem::take(&mut all.driver);
    stream(all, round);
    all.driver = shared;
}

fn listener(all: &mut All, _round: usize) {
    let mut listener = TcpListener::bind(local()).expect("bind");
    all.driver.register(&mut listener, 1, Interest::READABLE);
}

/// A receive is in flight, and perhaps a send.
fn datagrams(all: &mut All, round: usize) {
    let mut socket = UdpSocket::bind(local()).expect("bind");
    all.driver.register(&mut socket, 1, BOTH);
    if round.is_multiple_of(2) {
        let address = socket.local_addr().expect("an address");
        socket.send_to(b"to itself", address).expect("send");
    }
}

/// Either side is dropped first.
fn connection(all: &mut All, round: usize) {
    let address = all.listener.local_addr().expect("an address");
    all.driver
        .register(&mut all.listener, 1, Interest::READABLE);
    let mut stream = TcpStream::connect(address).expect("connect");
    all.driver.register(&mut stream, 2, BOTH);
    let mut accepted = loop {
        match all.listener.accept() {
            Ok((accepted, _)) => break accepted,
            Err(error) if error.kind() == ErrorKind::WouldBlock => drop(all.driver.next_events()),
            Err(error) => panic!("accept: {error}"),
        }
    };
    all.driver.deregister(&mut all.listener);
    all.driver.register(&mut accepted, 3, BOTH);
    if round.is_multiple_of(2) {
        drop(stream);
    }
}

/// A look-up that is read to its end, or dropped before.
fn name(all: &mut All, round: usize) {
    let mut name = lookup("localhost").expect("start");
    all.driver.register(&mut name, 1, Interest::READABLE);
    while round.is_multiple_of(2) {
        match name.next_address() {
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) if error.kind() == ErrorKind::WouldBlock => drop(all.driver.next_events()),
            Err(error) => panic!("localhost: {error}"),
        }
    }
}

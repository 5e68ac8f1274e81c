//! `wasi:http` beside sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::harness::Case;

const CONNECTIONS: usize = 200;
/// Of those, so many are never silent.
const BUSY: usize = 3;
const PARTS: u32 = 200;
const PERIOD: Duration = Duration::from_millis(5);

/// How late the parts of a body were seen.
#[derive(Debug)]
struct Late {
    parts: u64,
    median: Duration,
    p90: Duration,
    worst: Duration,
    moved: u64,
}

impl Late {
    fn of(line: &str) -> Self {
        let mut numbers = line.split(' ').filter_map(|word| word.parse().ok());
        let mut next = || numbers.next().unwrap();
        Self {
            parts: next(),
            median: Duration::from_micros(next()),
            p90: Duration::from_micros(next()),
            worst: Duration::from_micros(next()),
            moved: next(),
        }
    }
}

pub(crate) fn p2_http_busy(case: &Case) {
    let server = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let authority = server.local_addr().unwrap().to_string();
    let count = CONNECTIONS.to_string();
    let guest = case.setup().args(&[&authority, &count]).start();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..2 {
                answer(server.accept().unwrap().0);
            }
            is_over.store(true, Ordering::Relaxed);
        });
        let mut connections: Vec<_> = (0..CONNECTIONS).map(|_| guest.connect()).collect();
        for connection in connections.drain(..BUSY) {
            scope.spawn(|| ping(connection));
        }
        // The silent ones live for as long.
        while !is_over.load(Ordering::Relaxed) {
            thread::sleep(PERIOD);
        }
    });
    let outcome = guest.succeeds();
    let text = outcome.stdout_text();
    let mut lines = text.lines();
    let quiet = Late::of(lines.next().unwrap().strip_prefix("quiet ").unwrap());
    let busy = Late::of(lines.next().unwrap().strip_prefix("busy ").unwrap());
    eprintln!("{quiet:?}\n{busy:?}");
    assert_eq!((quiet.parts, busy.parts), (PARTS.into(), PARTS.into()));
    assert_eq!(quiet.moved, 0);
    // Busy indeed: more than a message each millisecond.
    assert!(busy.moved > u64::from(PARTS) * 5, "{busy:?}");
    // A source that is cold is seen within a millisecond or four times what a look at all costs,
    // which is less than one here. The rest is for a busy machine.
    let most = quiet.median + Duration::from_millis(10);
    assert!(busy.median < most, "{busy:?} after {quiet:?}");
    assert!(busy.p90 < most * 10, "{busy:?} after {quiet:?}");
    assert!(busy.worst < Duration::from_secs(2), "{busy:?}");
}

/// Sends and waits for it, until the guest ends. The response holds up no socket either.
fn ping(mut connection: TcpStream) {
    let mut times = Vec::new();
    let mut start = Instant::now();
    let mut back = [0; 4];
    while connection.write_all(b"ping").is_ok() && connection.read_exact(&mut back).is_ok() {
        assert_eq!(&back, b"ping");
        times.push(start.elapsed());
        start = Instant::now();
    }
    // The first is answered after the part without sockets.
    times.remove(0);
    times.sort_unstable();
    let (median, worst) = (times[times.len() / 2], times[times.len() - 1]);
    eprintln!("{} pings, median {median:?}, worst {worst:?}", times.len());
    // As above: the rest is for a busy machine.
    assert!(median < Duration::from_millis(10), "{median:?}");
    assert!(worst < Duration::from_secs(2), "{worst:?}");
}

/// A response whose parts say when they were sent.
fn answer(mut stream: TcpStream) {
    let mut head = BufReader::new(&stream).lines();
    while !head.next().unwrap().unwrap().is_empty() {}
    stream.set_nodelay(true).unwrap();
    let len = PARTS * 20;
    write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n").unwrap();
    for _ in 0..PARTS {
        thread::sleep(PERIOD);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        stream
            .write_all(format!("{:020}", now.as_micros()).as_bytes())
            .unwrap();
    }
}

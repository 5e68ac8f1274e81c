//! Many connections at once, and what an idle one costs.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use wasio_host::peer::load::{Crowd, Load};

use crate::harness::{Case, Session, skip};

const CONNECTIONS: usize = 1000;

/// Slow readers, half-closes and resets mixed: every byte comes back or its
/// connection ends in an error; and the server does not spin for the slow ones.
pub(crate) fn net_thousand_mixed(case: &Case) {
    const SLOW: usize = 20;
    const HALF: usize = 50;
    const RESETS: usize = 50;
    case.set_limit(Duration::from_secs(120));
    let setup = case.setup().arg(CONNECTIONS.to_string());
    let guest = setup.arg(RESETS.to_string()).start();
    let load = Load {
        connections: CONNECTIONS,
        messages: 4,
        slow_readers: SLOW,
        half_closes: HALF,
        resets: RESETS,
        timeout: Duration::from_secs(90),
        ..Load::default()
    };
    let mut crowd = load.connect(guest.addr(0)).unwrap();
    let report = crowd.run(|_| {});
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(report.connections, CONNECTIONS);
    assert_eq!(crowd.open(), CONNECTIONS - HALF - RESETS);
    let whole = (CONNECTIONS - RESETS) * 4;
    assert!(report.done.messages >= whole as u64, "{:?}", report.done);
    drop(crowd);
    let outcome = guest.succeeds();
    let text = outcome.stdout_text();
    let (events, needless) = text.trim_end().split_once(' ').unwrap();
    let (events, needless): (u64, u64) = (events.parse().unwrap(), needless.parse().unwrap());
    // The first event of each says that it is writable; an event may be of bytes that were
    // read with those before. A server that spins has more than it has messages.
    let most = CONNECTIONS as u64 + events / 5;
    assert!(
        needless <= most,
        "{needless} of {events} events led to nothing"
    );
}

/// Opens the connections and sends a message on each, so that all are drained.
fn settled(guest: &Session) -> Crowd {
    let load = Load {
        connections: CONNECTIONS,
        messages: 1,
        sizes: 1..=2000,
        timeout: Duration::from_secs(40),
        ..Load::default()
    };
    let mut crowd = load.connect(guest.addr(0)).unwrap();
    let report = crowd.run(|_| {});
    assert_eq!(report.failures, Vec::<String>::new());
    assert_eq!(crowd.open(), CONNECTIONS);
    crowd
}

/// Wants less than 1% of a core over two seconds. Returns whether this system tells CPU time.
fn expect_idle(guest: &Session) -> bool {
    const TIME: Duration = Duration::from_secs(2);
    let Some(before) = guest.cpu_time() else {
        return false;
    };
    let start = Instant::now();
    std::thread::sleep(TIME);
    let cpu = guest.cpu_time().unwrap() - before;
    let elapsed = start.elapsed();
    assert!(
        cpu < elapsed / 100,
        "{cpu:?} of CPU in {elapsed:?} of idleness"
    );
    true
}

/// Each is registered for both directions, and drained.
pub(crate) fn net_idle_thousand(case: &Case) {
    let guest = case.setup().arg(CONNECTIONS.to_string()).start();
    let crowd = settled(&guest);
    let is_measured = expect_idle(&guest);
    // They are not dead.
    let mut crowd = crowd;
    assert_eq!(crowd.run(|_| {}).failures, Vec::<String>::new());
    expect_no_starvation(guest.addr(0));
    drop(crowd);
    guest.succeeds();
    if !is_measured {
        skip("all but the idleness: this system does not tell CPU time of another process");
    }
}

/// Beside a thousand silent connections a few are busy all the time, and others speak once,
/// after a silence that made them cold. A source that starves waits forever.
fn expect_no_starvation(guest: SocketAddr) {
    const BUSY: usize = 8;
    const SPEAKERS: usize = 40;
    /// On WASI 0.1 four times the cost of a sweep of a thousand sources, of 0.2 to 1 µs each; on 0.2
    /// ten times, of 0.3 µs each, and what a timer of the host takes.
    const DOCUMENTED: Duration = Duration::from_millis(5);
    /// What this machine adds to most of the delays.
    const MACHINE: Duration = Duration::from_millis(5);
    let open = || {
        let stream = TcpStream::connect(guest).unwrap();
        stream.set_nodelay(true).unwrap();
        let timeout = Duration::from_secs(20);
        stream.set_read_timeout(Some(timeout)).unwrap();
        echo(&stream);
        stream
    };
    let cold: Vec<TcpStream> = (0..SPEAKERS).map(|_| open()).collect();
    let (done, rounds) = (AtomicBool::new(false), AtomicU64::new(0));
    let busy = |stream: TcpStream| {
        while !done.load(Ordering::Relaxed) {
            echo(&stream);
            rounds.fetch_add(1, Ordering::Relaxed);
        }
    };
    let mut waits: Vec<Duration> = std::thread::scope(|scope| {
        for stream in (0..BUSY).map(|_| open()) {
            scope.spawn(|| busy(stream));
        }
        let waits = cold.iter().map(|stream| {
            // Busy in between: a lease of 512 polls has run out.
            let until = rounds.load(Ordering::Relaxed) + 600;
            while rounds.load(Ordering::Relaxed) < until {
                std::thread::sleep(Duration::from_micros(200));
            }
            let start = Instant::now();
            echo(stream);
            start.elapsed()
        });
        let waits = waits.collect();
        done.store(true, Ordering::Relaxed);
        waits
    });
    waits.sort();
    let (median, longest) = (waits[SPEAKERS / 2], waits[SPEAKERS - 1]);
    assert!(
        median < DOCUMENTED + MACHINE && longest < Duration::from_secs(1),
        "a cold source waits for {median:?}, or {longest:?}"
    );
}

/// A byte there and back.
fn echo(mut stream: &TcpStream) {
    let mut answer = [0];
    stream.write_all(b"x").unwrap();
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"x");
}

//! Descriptors of libc and pollables of the host in one poll: neither delays the other for longer
//! than a slice.

use std::io::Write;
use std::net::TcpStream as StdStream;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use wasio::net::TcpListener;
use wasio::{Interest, SourceFd, Token};
use wasio_guests::driver::{Driver, accept, drain, say};

const TURNS: usize = 50;
/// A slice is at most 10 ms long. The rest is slack for a busy machine.
const LONGEST: Duration = Duration::from_millis(200);

fn main() {
    let local = "127.0.0.1:0".parse().expect("an address");
    let mut listener = TcpListener::bind(local).expect("bind");
    let address = listener.local_addr().expect("an address");
    let mut plain = StdStream::connect(address).expect("connect");
    plain.set_nonblocking(true).expect("non-blocking");
    let mut native = accept(&mut listener);

    let mut driver = Driver::default();
    let descriptor = plain.as_raw_fd();
    driver.register(&mut SourceFd(&descriptor), 1, Interest::READABLE);
    driver.register(&mut native, 2, Interest::READABLE);
    drain(&mut native);
    let mut longest = Duration::ZERO;
    for _ in 0..TURNS {
        say(&native, "ping");
        let start = Instant::now();
        driver.expect(1);
        longest = longest.max(start.elapsed());
        // Read until it would block: the host reports it as ready until a read finds no data.
        assert_eq!(drain(&mut plain).0, b"ping");
        plain.write_all(b"pong").expect("write");
        let start = Instant::now();
        assert_eq!(driver.receive(&native, 4), b"pong");
        longest = longest.max(start.elapsed());
        drain(&mut native);
    }
    assert!(longest < LONGEST, "{longest:?}");
    driver.expect_silence();
    drop(driver);
    answer();
}

/// Answers two peers, one of each kind, until both have closed. They send when the slices have
/// grown, and the test measures the delay.
fn answer() {
    let mut listener = wasio_guests::listener();
    let std_listener = wasio_guests::std_listener(1);
    let mut native = accept(&mut listener);
    let (mut plain, _) = std_listener.accept().expect("accept");
    plain.set_nonblocking(true).expect("non-blocking");
    let mut driver = Driver::default();
    let descriptor = plain.as_raw_fd();
    driver.register(&mut SourceFd(&descriptor), 1, Interest::READABLE);
    driver.register(&mut native, 2, Interest::READABLE);
    let mut ended = [false; 2];
    while ended != [true; 2] {
        for event in driver.next_events() {
            if event.token() == Token(2) {
                let (said, end) = drain(&mut native);
                native.write_all(&said).expect("room");
                ended[1] |= end;
                continue;
            }
            let (said, end) = drain(&mut plain);
            plain.write_all(&said).expect("room");
            if end {
                // At its end it would be ready forever.
                let registry = driver.poll.registry();
                let result = registry.deregister(&mut SourceFd(&descriptor));
                result.expect("deregister");
                ended[0] = true;
            }
        }
    }
}

//! Another thread registers, registers again and deregisters while this one polls: it
//! takes effect within 10 ms without a wake, and no thread waits for the poll.

use std::thread;
use std::time::{Duration, Instant};

use wasio::net::TcpStream;
use wasio::{Interest, Registry, Token};
use wasio_guests::driver::{Driver, accept_each, drain, expect_prompt, say, wait_until_busy};

const ROUNDS: u64 = 15;
/// A wait with descriptors is cut into slices of this length at most.
const SLICE: Duration = Duration::from_millis(10);

fn main() {
    let mut listener = wasio_guests::listener();
    let [stream, control] = accept_each(&mut listener);
    let mut driver = Driver::default();
    // A source with a descriptor that is never ready.
    driver.register(&mut listener, 9, Interest::READABLE);
    let registry = driver.poll.registry().try_clone().expect("a clone");
    let (registry, mut stream) = register_often(&mut driver, registry, stream);
    assert_eq!(drain(&mut stream).0, b"hello");

    // Registered again and then deregistered elsewhere: no event of it any more.
    driver.register(&mut stream, 1, Interest::READABLE);
    let thread = thread::spawn(move || {
        let again = registry.reregister(&mut stream, Token(2), Interest::WRITABLE);
        again.expect("reregister");
        (registry, stream)
    });
    assert!(driver.expect(2).is_writable());
    let (registry, mut stream) = thread.join().expect("join");
    let thread = thread::spawn(move || {
        registry.deregister(&mut stream).expect("deregister");
        // The peer may send on it only now.
        say(&control, "1");
        (registry, stream, control)
    });
    let (registry, mut stream, control) = thread.join().expect("join");
    driver.expect_silence();

    // Dropped by the other thread while this one polls: that deregisters it.
    driver.register(&mut stream, 3, Interest::WRITABLE);
    driver.expect(3);
    let thread = thread::spawn(move || {
        wait_until_busy(registry.selector());
        drop(stream);
        say(&control, "2");
    });
    driver.expect_silence();
    thread.join().expect("join");
    driver.expect_silence();
}

/// Another thread registers the stream, and this one polls and then deregisters it.
fn register_often(
    driver: &mut Driver,
    mut registry: Registry,
    mut stream: TcpStream,
) -> (Registry, TcpStream) {
    let (mut calls, mut delays) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let thread = thread::spawn(move || {
            wait_until_busy(registry.selector());
            // Long enough for the slices to have grown, and of different length.
            thread::sleep(Duration::from_millis(20 + 3 * round));
            let start = Instant::now();
            let result = registry.register(&mut stream, Token(1), Interest::READABLE);
            result.expect("register");
            (start, start.elapsed(), registry, stream)
        });
        assert!(driver.expect(1).is_readable());
        let now = Instant::now();
        let (start, call);
        (start, call, registry, stream) = thread.join().expect("join");
        calls.push(call);
        delays.push(now - start);
        driver.deregister(&mut stream);
    }
    expect_prompt(calls, Duration::ZERO);
    expect_prompt(delays, SLICE);
    (registry, stream)
}

//! Another thread registers, registers again and deregisters while this one polls: it
//! takes effect without a wake, and nobody waits for the poll.

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use wasio::net::TcpStream;
use wasio::{Interest, Registry, Token};
use wasio_guests::driver::{Driver, accept_each, drain, say};

/// A slice of the wait is 10 ms; the rest is for a busy machine.
const SOON: Duration = Duration::from_secs(2);

fn main() {
    let mut listener = wasio_guests::listener();
    let [mut stream, control] = accept_each(&mut listener);
    let mut driver = Driver::default();
    // Something to wait for that never comes, with a descriptor.
    driver.register(&mut listener, 9, Interest::READABLE);
    let registry = driver.poll.registry().try_clone().expect("a clone");
    let (sender, registered) = channel();
    let thread = thread::spawn(move || {
        // The poll has begun to block by then, or else it is even easier.
        thread::sleep(Duration::from_millis(30));
        let start = Instant::now();
        register(&registry, &mut stream);
        let took = start.elapsed();
        assert!(took < SOON, "registering waited for the poll: {took:?}");
        sender.send((start, stream)).expect("the main thread waits");
        registry
    });
    let event = driver.expect(1);
    assert!(event.is_readable());
    let now = Instant::now();
    let (start, mut stream) = registered.recv().expect("registered");
    assert!(now - start < SOON, "{:?}", now - start);
    assert_eq!(drain(&mut stream).0, b"hello");
    let registry = thread.join().expect("join");

    // Registered again and then deregistered elsewhere: no event of it any more.
    let thread = thread::spawn(move || {
        let again = registry.reregister(&mut stream, Token(2), Interest::WRITABLE);
        again.expect("reregister");
        (registry, stream)
    });
    assert!(driver.expect(2).is_writable());
    let (registry, mut stream) = thread.join().expect("join");
    let thread = thread::spawn(move || {
        registry.deregister(&mut stream).expect("deregister");
        // Only now may the peer send on it.
        say(&control, "1");
        (stream, control)
    });
    let (mut stream, control) = thread.join().expect("join");
    driver.expect_silence();

    // Dropped elsewhere while this thread polls: as if deregistered.
    driver.register(&mut stream, 3, Interest::WRITABLE);
    driver.expect(3);
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        drop(stream);
        say(&control, "2");
    });
    driver.expect_silence();
    thread.join().expect("join");
    driver.expect_silence();
}

fn register(registry: &Registry, stream: &mut TcpStream) {
    registry
        .register(stream, Token(1), Interest::READABLE)
        .expect("register");
}

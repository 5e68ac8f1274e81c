//! Many descriptors of libc and no pollables: they are hot and cold as pollables are, whatever is
//! added or removed. If one is closed while it is registered, only its own source reports the
//! error.

use std::io::{Read, Write};
use std::net::{TcpListener as StdListener, TcpStream as StdStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use wasio::net::TcpListener;
use wasio::{Interest, IoSource, SourceFd};
use wasio_guests::driver::{BOTH, Driver};

const PAIRS: usize = 300;
const CLOSED: usize = PAIRS;
const LISTENER: usize = PAIRS + 1;
const TURNS: usize = 200;
/// A sweep is made within milliseconds. The rest is slack for a busy machine.
const LONGEST: Duration = Duration::from_millis(500);

struct Pair {
    ours: IoSource<StdStream>,
    theirs: StdStream,
}

fn main() {
    let listener = StdListener::bind("127.0.0.1:0").expect("bind");
    let mut driver = Driver::with_capacity(1024);
    let mut pairs: Vec<_> = (0..PAIRS).map(|_| pair(&listener)).collect();
    for (token, pair) in pairs.iter_mut().enumerate() {
        driver.register(&mut pair.ours, token, BOTH);
    }
    // All are reported as writable, once.
    let mut writable = vec![false; PAIRS];
    while !writable.iter().all(|writable| *writable) {
        for event in driver.next_events() {
            let token = event.token().0;
            assert!(!(event.is_writable() && writable[token]), "{event:?}");
            writable[token] |= event.is_writable();
            receive(&pairs[token]);
        }
    }
    driver.expect_silence();

    exchange(&mut driver, &mut pairs);

    one_is_closed(&mut driver, &listener);

    exchange(&mut driver, &mut pairs);

    // Adding a pollable moves the descriptors out of the array; removing it moves them back.
    let local = "127.0.0.1:0".parse().expect("an address");
    let mut native = TcpListener::bind(local).expect("bind");
    driver.register(&mut native, LISTENER, Interest::READABLE);

    exchange(&mut driver, &mut pairs);
    drop(native);

    exchange(&mut driver, &mut pairs);
}

fn pair(listener: &StdListener) -> Pair {
    let theirs = StdStream::connect(listener.local_addr().expect("an address")).expect("connect");
    let (ours, _) = listener.accept().expect("accept");
    ours.set_nonblocking(true).expect("non-blocking");
    Pair {
        ours: IoSource::new(ours),
        theirs,
    }
}

fn receive(pair: &Pair) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 64];
    while let Ok(read) =
        (pair.ours).do_io_with(Interest::READABLE, |mut stream| stream.read(&mut buffer))
    {
        bytes.extend_from_slice(&buffer[..read]);
    }
    bytes
}

/// While one pair is busy, some other pairs send once each.
fn exchange(driver: &mut Driver, pairs: &mut [Pair]) {
    let cold = (1..PAIRS).step_by(37);
    for token in std::iter::repeat_n(0, TURNS).chain(cold) {
        let pair = &mut pairs[token];
        pair.theirs.write_all(b"ping").expect("write");
        let start = Instant::now();
        let mut got = Vec::new();
        while got != b"ping" {
            driver.expect(token);
            got.extend(receive(pair));
        }
        let took = start.elapsed();
        assert!(took < LONGEST, "{token}: {took:?}");
    }
    driver.expect_silence();
}

fn one_is_closed(driver: &mut Driver, listener: &StdListener) {
    let Pair { ours, .. } = pair(listener);
    let descriptor = ours.as_raw_fd();
    driver.register(&mut SourceFd(&descriptor), CLOSED, Interest::READABLE);
    drop(ours);
    let event = driver.expect(CLOSED);
    assert!(event.is_error() && event.is_readable(), "{event:?}");
    driver.expect_silence();
    let registry = driver.poll.registry();
    let result = registry.deregister(&mut SourceFd(&descriptor));
    result.expect("deregister");
}

//! Any pollable of the host, by handle: reported while it is ready, or once a registration.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use wasio::{Interest, Pollable, Token};
use wasio_guests::driver::{Driver, expect_kind};
use wasip2::clocks::monotonic_clock::subscribe_duration;

const SOON: Duration = Duration::from_millis(20);

fn main() {
    others();
    let start = Instant::now();
    let soon = subscribe_duration(20_000_000);
    let mut driver = Driver::default();
    let mut source = Pollable::new(soon.handle());
    driver.register(&mut source, 1, Interest::READABLE);
    driver.expect(1);
    assert!(start.elapsed() >= SOON, "early: {:?}", start.elapsed());
    assert!(start.elapsed() < SOON * 50, "late: {:?}", start.elapsed());
    // Level-triggered.
    driver.expect(1);
    driver.expect(1);
    let registry = driver.poll.registry();
    expect_kind(
        registry.register(&mut source, Token(1), Interest::READABLE),
        ErrorKind::AlreadyExists,
    );
    drop(source);
    driver.expect_silence();

    let mut once = Pollable::oneshot(soon.handle());
    expect_kind(
        driver
            .poll
            .registry()
            .register(&mut once, Token(2), Interest::WRITABLE),
        ErrorKind::InvalidInput,
    );
    driver.register(&mut once, 2, Interest::READABLE);
    driver.expect(2);
    driver.expect_silence();
    let registry = driver.poll.registry();
    let result = registry.reregister(&mut once, Token(3), Interest::READABLE);
    result.expect("reregister");
    driver.expect(3);
    driver.expect_silence();
}

/// One of other bindings, which are of WASI 0.2.4 where wasio's are of 0.2.12.
fn others() {
    let start = Instant::now();
    let soon = wasi::clocks::monotonic_clock::subscribe_duration(20_000_000);
    let mut driver = Driver::default();
    let mut source = Pollable::new(soon.handle());
    driver.register(&mut source, 9, Interest::READABLE);
    driver.expect(9);
    assert!(start.elapsed() >= SOON, "early: {:?}", start.elapsed());
    assert!(start.elapsed() < SOON * 50, "late: {:?}", start.elapsed());
}

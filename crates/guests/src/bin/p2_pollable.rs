//! Any pollable of the host by its handle: reported while it is ready, or once per registration.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use wasio::{Interest, Pollable, Token};
use wasio_guests::driver::{Driver, expect_kind};
use wasip2::clocks::monotonic_clock::subscribe_duration;

const SOON_NS: u64 = 20_000_000;
const SOON: Duration = Duration::from_nanos(SOON_NS);

fn main() {
    let mut driver = Driver::default();
    // Other bindings: these are of WASI 0.2.4, and those of wasio are of 0.2.12.
    let start = Instant::now();
    let other = wasi::clocks::monotonic_clock::subscribe_duration(SOON_NS);
    drop(seen_in_time(&mut driver, start, other.handle()));

    let start = Instant::now();
    let soon = subscribe_duration(SOON_NS);
    let mut source = seen_in_time(&mut driver, start, soon.handle());
    // Level-triggered: reported by each poll.
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

/// Registers a pollable that is ready after [`SOON`], and waits for it.
fn seen_in_time(driver: &mut Driver, start: Instant, handle: u32) -> Pollable {
    let mut source = Pollable::new(handle);
    driver.register(&mut source, 1, Interest::READABLE);
    driver.expect(1);
    assert!(start.elapsed() >= SOON, "early: {:?}", start.elapsed());
    assert!(start.elapsed() < SOON * 50, "late: {:?}", start.elapsed());
    source
}

//! 70 000 pollables: exactly the one that becomes ready is reported, in time.

use std::time::{Duration, Instant};

use wasio::{Interest, Pollable};
use wasio_guests::driver::Driver;
use wasip2::clocks::monotonic_clock::subscribe_duration;

const COUNT: usize = 70_000;
const SOON_NS: u64 = 100_000_000;
const NEVER_NS: u64 = 3_600_000_000_000;

fn main() {
    let mut driver = Driver::default();
    let register = |ns, token| {
        let pollable = subscribe_duration(ns);
        let mut source = Pollable::new(pollable.handle());
        driver.register(&mut source, token, Interest::READABLE);
        (source, pollable)
    };
    let others: Vec<_> = (1..COUNT).map(|token| register(NEVER_NS, token)).collect();
    let start = Instant::now();
    let soon = register(SOON_NS, COUNT);
    driver.expect(COUNT);
    let elapsed = start.elapsed();
    assert!(
        elapsed >= Duration::from_nanos(SOON_NS),
        "early: {elapsed:?}"
    );
    drop(soon);
    driver.expect_silence();
    drop(others);
    println!("done");
}

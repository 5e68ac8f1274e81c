//! Another thread sets, moves and cancels a timer while this one polls, with and without a
//! descriptor.

use std::thread;
use std::time::{Duration, Instant};

use wasio::Interest;
use wasio::time::Timer;
use wasio_guests::driver::{Driver, SILENCE, expect_prompt, wait_until_busy};

const MS: Duration = Duration::from_millis(1);
const ROUNDS: usize = 9;

fn main() {
    let mut driver = Driver::default();
    set_elsewhere(&mut driver, Duration::ZERO);
    cancelled_elsewhere(&mut driver);
    let mut listener = wasio_guests::listener();
    driver.register(&mut listener, 9, Interest::READABLE);
    // A wait with descriptors is cut into slices of 10 ms at most.
    set_elsewhere(&mut driver, 10 * MS);
    cancelled_elsewhere(&mut driver);
}

/// `documented` is how late the poll may see it.
fn set_elsewhere(driver: &mut Driver, documented: Duration) {
    let mut timer = Timer::oneshot(Duration::from_secs(3600));
    driver.register(&mut timer, 1, Interest::READABLE);
    let mut delays = Vec::new();
    for _ in 0..ROUNDS {
        let selector = driver.poll.registry().selector().try_clone();
        let selector = selector.expect("a handle");
        let thread = thread::spawn(move || {
            wait_until_busy(&selector);
            let start = Instant::now();
            timer.set(20 * MS);
            (start, timer)
        });
        driver.expect(1);
        let now = Instant::now();
        let start;
        (start, timer) = thread.join().expect("join");
        assert!(now - start >= 20 * MS, "early: {:?}", now - start);
        delays.push(now - start - 20 * MS);
        assert_eq!(timer.expirations(), 1);
        timer.set(Duration::from_secs(3600));
    }
    expect_prompt(delays, documented);
}

fn cancelled_elsewhere(driver: &mut Driver) {
    let mut timer = Timer::new();
    driver.register(&mut timer, 1, Interest::READABLE);
    let start = Instant::now();
    timer.set(SILENCE / 2);
    let thread = thread::spawn(move || {
        timer.cancel();
        let in_time = start.elapsed() < SILENCE / 2;
        (timer, in_time)
    });
    driver
        .poll
        .poll(&mut driver.events, Some(SILENCE))
        .expect("poll");
    let (timer, in_time) = thread.join().expect("join");
    assert!(
        !in_time || driver.events.is_empty(),
        "a cancelled timer fired"
    );
    drop(timer);
    driver.expect_silence();
}

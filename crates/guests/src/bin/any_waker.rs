//! A wake before the poll ends it at once, many wakes merge into one event, and there is only one
//! waker at a time.

use std::io::ErrorKind;

use wasio::{Token, Waker};
use wasio_guests::driver::{Driver, expect_kind};

fn main() {
    let mut driver = Driver::default();
    let waker = Waker::new(driver.poll.registry(), Token(5)).expect("a waker");
    driver.expect_silence();
    for wakes in [1, 2, 100_000] {
        for _ in 0..wakes {
            waker.wake().expect("wake");
        }
        let event = driver.expect(5);
        assert!(event.is_readable() && !event.is_error(), "{event:?}");
        driver.expect_silence();
    }

    let second = Waker::new(driver.poll.registry(), Token(6));
    expect_kind(second, ErrorKind::AlreadyExists);
    waker.wake().expect("wake");
    driver.expect(5);

    // A wake of a waker that was dropped is discarded, and its successor does not get it.
    waker.wake().expect("wake");
    drop(waker);
    let waker = Waker::new(driver.poll.registry(), Token(7)).expect("a waker");
    driver.expect_silence();
    waker.wake().expect("wake");
    driver.expect(7);

    // Another poll may have a waker too.
    let mut other = Driver::default();
    let others = Waker::new(other.poll.registry(), Token(8)).expect("a waker");
    others.wake().expect("wake");
    driver.expect_silence();
    other.expect(8);
}

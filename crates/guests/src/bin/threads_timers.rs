//! A timer that another thread sets, moves or cancels while this one polls, with and
//! without a descriptor.

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use wasio::Interest;
use wasio::time::Timer;
use wasio_guests::driver::{Driver, SILENCE};

const MS: Duration = Duration::from_millis(1);
const LATE: Duration = Duration::from_secs(2);

fn main() {
    let mut driver = Driver::default();
    check(&mut driver);
    let mut listener = wasio_guests::listener();
    driver.register(&mut listener, 9, Interest::READABLE);
    check(&mut driver);
}

fn check(driver: &mut Driver) {
    let mut timer = Timer::oneshot(Duration::from_secs(3600));
    driver.register(&mut timer, 1, Interest::READABLE);
    let (sender, set) = channel();
    let thread = thread::spawn(move || {
        thread::sleep(20 * MS);
        let start = Instant::now();
        timer.set(20 * MS);
        sender.send(start).expect("the main thread waits");
        timer
    });
    driver.expect(1);
    let now = Instant::now();
    let took = now - set.recv().expect("set");
    assert!(took >= 20 * MS && took < 20 * MS + LATE, "{took:?}");

    let mut timer = thread.join().expect("join");
    assert_eq!(timer.expirations(), 1);
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

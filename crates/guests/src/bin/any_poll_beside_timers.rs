//! A poll ends at its timeout or at the next timer, whichever is first. The other is not affected.

use std::time::{Duration, Instant};

use wasio::time::Timer;
use wasio::{Interest, Token, Waker};
use wasio_guests::driver::Driver;

const MS: Duration = Duration::from_millis(1);

fn main() {
    let mut driver = Driver::default();
    let start = Instant::now();
    let mut timer = Timer::oneshot(60 * MS);
    driver.register(&mut timer, 1, Interest::READABLE);
    driver
        .poll
        .poll(&mut driver.events, Some(10 * MS))
        .expect("poll");
    // On a slow machine the timer may already be due.
    let early = driver.events.is_empty();
    assert!(start.elapsed() >= 10 * MS);
    assert!(early || start.elapsed() >= 60 * MS, "{:?}", start.elapsed());
    if early {
        driver.expect(1);
    }
    assert!(start.elapsed() >= 60 * MS, "{:?}", start.elapsed());

    // One poll reports both a wake and a timer that is due, if there is room for both.
    let waker = Waker::new(driver.poll.registry(), Token(2)).expect("a waker");
    timer.set(Duration::ZERO);
    waker.wake().expect("wake");
    assert_eq!(driver.next_tokens(), [1, 2]);
    driver.expect_silence();

    // Timers that are always due do not keep the wake from being reported.
    let mut small = Driver::with_capacity(1);
    let mut timers = [0, 1].map(|_| Timer::periodic(Duration::ZERO));
    for (token, timer) in timers.iter_mut().enumerate() {
        small.register(timer, token, Interest::READABLE);
    }
    let waker = Waker::new(small.poll.registry(), Token(2)).expect("a waker");
    waker.wake().expect("wake");
    let mut seen = [false; 3];
    for _ in 0..100 {
        seen[small.next_events()[0].token().0] = true;
    }
    assert_eq!(seen, [true; 3]);
}

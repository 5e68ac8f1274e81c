//! One-shot and periodic timers: set, moved, cancelled, dropped and counted, and never early.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use wasio::time::Timer;
use wasio::{Interest, Token};
use wasio_guests::driver::{Driver, SILENCE, expect_kind};

const MS: Duration = Duration::from_millis(1);

fn register(driver: &Driver, timer: &mut Timer, token: usize) {
    driver.register(timer, token, Interest::READABLE);
}

fn main() {
    let mut driver = Driver::default();
    oneshot(&mut driver);
    periodic(&mut driver);
    cancelled(&mut driver);
    registration(&mut driver);
    odd_times(&mut driver);
}

fn oneshot(driver: &mut Driver) {
    let start = Instant::now();
    let mut timer = Timer::oneshot(5 * MS);
    register(driver, &mut timer, 1);
    let event = driver.expect(1);
    assert!(event.is_readable() && !event.is_writable(), "{event:?}");
    assert!(start.elapsed() >= 5 * MS, "{:?}", start.elapsed());
    assert_eq!((timer.expirations(), timer.expirations()), (1, 0));
    driver.expect_silence();

    // Set again, then moved to a later and to an earlier time.
    let start = Instant::now();
    timer.set(2 * MS);
    timer.set(10 * MS);
    driver.expect(1);
    assert!(start.elapsed() >= 10 * MS, "{:?}", start.elapsed());
    timer.set(Duration::from_secs(3600));
    timer.set_at(Instant::now() + MS);
    driver.expect(1);
    driver.expect_silence();

    // A timer runs from the moment it is set, registered or not.
    let mut timer = Timer::oneshot(MS);
    let mut other = Timer::oneshot(3 * MS);
    register(driver, &mut other, 2);
    driver.expect(2);
    let start = Instant::now();
    register(driver, &mut timer, 3);
    driver.expect(3);
    assert!(
        start.elapsed() < Duration::from_secs(2),
        "{:?}",
        start.elapsed()
    );
}

fn periodic(driver: &mut Driver) {
    let start = Instant::now();
    let mut timer = Timer::periodic(4 * MS);
    register(driver, &mut timer, 4);
    let mut count = 0;
    while count < 5 {
        driver.expect(4);
        let new = timer.expirations();
        assert!(new > 0, "an event without an expiration");
        count += new;
        let due = 4 * MS * u32::try_from(count).unwrap();
        assert!(start.elapsed() >= due, "{count}: {:?}", start.elapsed());
    }
    // Missed periods give one event, and are counted.
    let late = Instant::now();
    while late.elapsed() < 20 * MS {}
    driver.expect(4);
    let missed = timer.expirations();
    let most = u64::try_from(start.elapsed().as_millis()).unwrap() / 4;
    assert!(missed >= 4 && count + missed <= most, "{missed} of {most}");

    // It remains periodic after `reset`.
    let start = Instant::now();
    timer.reset(30 * MS);
    driver.expect(4);
    assert!(start.elapsed() >= 30 * MS, "{:?}", start.elapsed());
    driver.expect(4);
    assert!(start.elapsed() >= 34 * MS, "{:?}", start.elapsed());
    // It becomes a one-shot timer after `set`.
    timer.set(MS);
    driver.expect(4);
    driver.expect_silence();
}

fn cancelled(driver: &mut Driver) {
    let mut timer = Timer::oneshot(SILENCE / 4);
    register(driver, &mut timer, 5);
    timer.cancel();
    driver.expect_silence();
    timer.set(MS);
    driver.expect(5);

    timer.set_periodic(MS, MS);
    driver.expect(5);
    timer.cancel();
    driver.expect_silence();
    assert_eq!(timer.expirations(), 0);

    timer.set(SILENCE / 4);
    drop(timer);
    driver.expect_silence();

    let mut timer = Timer::oneshot(SILENCE / 4);
    register(driver, &mut timer, 6);
    driver
        .poll
        .registry()
        .deregister(&mut timer)
        .expect("deregister");
    driver.expect_silence();
    // Deregistering has stopped it.
    register(driver, &mut timer, 6);
    driver.expect_silence();
}

fn registration(driver: &mut Driver) {
    let mut timer = Timer::new();
    let registry = driver.poll.registry();
    expect_kind(registry.deregister(&mut timer), ErrorKind::NotFound);
    let again = registry.reregister(&mut timer, Token(7), Interest::READABLE);
    expect_kind(again, ErrorKind::NotFound);
    let writable = registry.register(&mut timer, Token(7), Interest::WRITABLE);
    expect_kind(writable, ErrorKind::InvalidInput);
    register(driver, &mut timer, 7);
    let registry = driver.poll.registry();
    let twice = registry.register(&mut timer, Token(7), Interest::READABLE);
    expect_kind(twice, ErrorKind::AlreadyExists);
    let other = Driver::default();
    let stranger = other.poll.registry().deregister(&mut timer);
    expect_kind(stranger, ErrorKind::NotFound);
    // A running timer gets another token.
    timer.set(2 * MS);
    let again = registry.reregister(&mut timer, Token(8), Interest::READABLE);
    again.expect("reregister");
    driver.expect(8);
}

fn odd_times(driver: &mut Driver) {
    // The latest possible time.
    let mut far = Timer::oneshot(Duration::MAX);
    register(driver, &mut far, 9);
    let mut farther = Timer::periodic(Duration::MAX);
    register(driver, &mut farther, 10);
    driver.expect_silence();
    // Due at once, many times; no expiration is lost.
    let mut now = Timer::oneshot(Duration::ZERO);
    register(driver, &mut now, 11);
    driver.expect(11);
    driver.expect_silence();
    let mut always = Timer::periodic(Duration::ZERO);
    register(driver, &mut always, 12);
    let mut last = 0;
    for _ in 0..100 {
        driver.expect(12);
        last = always.expirations();
        assert!(last > 0);
    }
    let wait = Instant::now();
    while wait.elapsed() < MS {}
    driver.expect(12);
    assert!(always.expirations() >= 1_000_000, "{last}");
    drop(always);
    now.set_at(Instant::now());
    driver.expect(11);
    driver.expect_silence();
    drop((far, farther));
}

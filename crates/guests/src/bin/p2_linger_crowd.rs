//! Of 400 dropped streams whose peers do not read, 256 are kept: the oldest are given up at once, the
//! others when their time is over, also by a program that only waits.

use std::time::Duration;

use wasio::Interest;
use wasio_guests::driver::{Driver, accept_each, fill, say};

const AGE: Duration = Duration::from_secs(8);

fn main() {
    wasio::net::set_linger_limits(AGE, 256);
    let [mut control, streams @ ..]: [_; 401] = accept_each(&mut wasio_guests::listener());
    let mut driver = Driver::default();
    driver.register(&mut control, 1, Interest::READABLE);
    for stream in streams {
        println!("{}", fill(&stream));
        drop(stream);
        // The time may have come to look through those that are kept.
        wait(&mut driver, Duration::ZERO);
    }
    say(&control, "dropped");
    wait(&mut driver, AGE + Duration::from_secs(1));
    say(&control, "given up");
    driver.expect(1);
}

fn wait(driver: &mut Driver, time: Duration) {
    driver
        .poll
        .poll(&mut driver.events, Some(time))
        .expect("poll");
    assert!(driver.events.is_empty(), "{:?}", driver.events);
}

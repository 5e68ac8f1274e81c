//! What dropped streams have not sent is given up after 5 s, also by a program that only waits. Their
//! peers do not stop the program.

use std::time::{Duration, Instant};

use wasio::Interest;
use wasio_guests::driver::{Driver, accept_each, drain, fill, say};

fn main() {
    let silent: usize = std::env::args().nth(1).expect("a count").parse().unwrap();
    let listener = &mut wasio_guests::listener();
    let [mut control] = accept_each(listener);
    let mut sent = 0;
    for number in 0..silent {
        let [stream] = accept_each(listener);
        sent += fill(&stream);
        if number == silent / 2 {
            // The deadlines of those that come now are before those of the others.
            wasio::net::set_linger_limits(Duration::from_millis(500), 256);
        }
    }
    let mut driver = Driver::default();
    driver.register(&mut control, 1, Interest::READABLE);
    let end = Instant::now() + Duration::from_secs(6);
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        driver
            .poll
            .poll(&mut driver.events, Some(left))
            .expect("poll");
        let (bytes, has_ended) = drain(&mut control);
        assert!(bytes.is_empty() && !has_ended, "{bytes:?}");
    }
    println!("{sent} bytes");
    say(&control, "given up");
    driver.expect(1);
}

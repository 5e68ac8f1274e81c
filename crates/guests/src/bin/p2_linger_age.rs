//! What a dropped stream has not sent is given up after 5 s, also by a program that only waits.

use std::time::Duration;

use wasio::Interest;
use wasio_guests::driver::{Driver, accept_each, fill, say};

fn main() {
    let [mut control, stream] = accept_each(&mut wasio_guests::listener());
    let sent = fill(&stream);
    drop(stream);
    let mut driver = Driver::default();
    driver.register(&mut control, 1, Interest::READABLE);
    let wait = Some(Duration::from_secs(6));
    driver.poll.poll(&mut driver.events, wait).expect("poll");
    assert!(driver.events.is_empty(), "{:?}", driver.events);
    println!("{sent} bytes");
    say(&control, "given up");
    driver.expect(1);
}

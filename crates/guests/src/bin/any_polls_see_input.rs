//! Polls that do not block see input that is available. This also holds on hosts that need a
//! timeout of at least a millisecond to check a source.

use std::time::{Duration, Instant};

use wasio::{Interest, stdio};
use wasio_guests::driver::{Driver, PATIENCE, drain};

fn main() {
    let mut stdin = stdio::stdin().expect("standard input");
    let mut driver = Driver::default();
    driver.register(&mut stdin, 1, Interest::READABLE);
    for round in 0..3 {
        // The test sends the next line after it has read this one.
        println!("round {round}");
        let start = Instant::now();
        let (mut polls, mut longest) = (0_u32, Duration::ZERO);
        loop {
            let before = Instant::now();
            driver
                .poll
                .poll(&mut driver.events, Some(Duration::ZERO))
                .expect("poll");
            longest = longest.max(before.elapsed());
            polls += 1;
            if !driver.events.is_empty() {
                break;
            }
            assert!(start.elapsed() < PATIENCE, "nothing after {polls} polls");
        }
        assert!(longest < Duration::from_secs(1), "a poll took {longest:?}");
        assert_eq!(drain(&mut stdin).0, b"line\n");
    }
}

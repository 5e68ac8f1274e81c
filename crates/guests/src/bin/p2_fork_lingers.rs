//! A dropped stream that still sends its data is reported by no fork of its selector: nobody could
//! read it.

use std::time::{Duration, Instant};

use wasio::{Events, Interest};
use wasio_guests::driver::{Driver, accept_each, fill, hear, say};

const WAIT: Duration = Duration::from_millis(300);

fn main() {
    let [mut control, mut stream] = accept_each(&mut wasio_guests::listener());
    let driver = Driver::default();
    driver.register(&mut stream, 1, Interest::READABLE);
    let fork = driver.poll.registry().selector().fork().expect("a fork");
    fill(&stream);
    drop(stream);

    // Now the peer writes to it.
    say(&control, "dropped");
    hear(&mut control, 5);
    let mut events = Events::with_capacity(8);
    let start = Instant::now();
    while start.elapsed() < WAIT {
        fork.select(&mut events, Some(WAIT)).expect("select");
        assert!(events.is_empty(), "{events:?}");
    }
    say(&control, "now read");
}

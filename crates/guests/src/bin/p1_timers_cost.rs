//! Prints the cost of registering, moving and expiring as many timers as its argument says, in
//! units of fuel.

use std::time::Duration;

use wasio::time::Timer;
use wasio::{Events, Interest, Poll, Token};

fn main() {
    let count: u64 = std::env::args().nth(1).expect("a count").parse().unwrap();
    let mut poll = Poll::new().expect("a poll");
    let mut events = Events::with_capacity(64);
    let mut timers: Vec<Timer> = (0..count).map(|_| Timer::new()).collect();
    let before = wasio_guests::fuel_used().expect("fuel is counted");
    for timer in &mut timers {
        let registry = poll.registry();
        registry
            .register(timer, Token(1), Interest::READABLE)
            .expect("register");
    }
    for (number, timer) in (0..).zip(&mut timers) {
        timer.set(Duration::from_secs(3600 + number * 7919 % count));
    }
    for (number, timer) in (0..).zip(&mut timers) {
        // The deadline has passed by the time of the poll.
        timer.set(Duration::from_nanos(number * 104_729 % count));
    }
    let mut fired = 0;
    while fired < count {
        poll.poll(&mut events, Some(Duration::from_secs(20)))
            .expect("poll");
        fired += events.iter().len() as u64;
    }
    drop(timers);
    println!(
        "{}",
        wasio_guests::fuel_used().expect("fuel is counted") - before
    );
}

//! Many timers: inserted, expired, then inserted again and cancelled. The order is that of the
//! million timers of libuv and libxev, where a thousand timers share a deadline.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use wasio::time::Timer;
use wasio::{Events, Interest, Poll, Token};

const SHARE_A_DEADLINE: usize = 1_000;

pub(crate) fn run(count: usize) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let start = Instant::now();
    let timers = insert(&poll, count, Duration::ZERO)?;
    report("insert_ns", start.elapsed(), count);

    // All timers are due before the first poll, so no waiting is measured.
    thread::sleep(Duration::from_millis((count / SHARE_A_DEADLINE) as u64 + 1));
    let start = Instant::now();
    let mut events = Events::with_capacity(1024);
    let mut fired = 0;
    while fired < count {
        poll.poll(&mut events, None)?;
        fired += events.iter().count();
    }
    report("fire_ns", start.elapsed(), count);
    drop(timers);

    // So late that none of them expires.
    let timers = insert(&poll, count, Duration::from_secs(3_600))?;
    let start = Instant::now();
    drop(timers);
    report("cancel_ns", start.elapsed(), count);
    Ok(())
}

fn insert(poll: &Poll, count: usize, first: Duration) -> io::Result<Vec<Timer>> {
    let mut timers = Vec::with_capacity(count);
    for number in 0..count {
        let after = first + Duration::from_millis((number / SHARE_A_DEADLINE) as u64);
        let mut timer = Timer::oneshot(after);
        poll.registry()
            .register(&mut timer, Token(number), Interest::READABLE)?;
        timers.push(timer);
    }
    Ok(timers)
}

/// Returns the nanoseconds per timer.
fn report(name: &str, elapsed: Duration, count: usize) {
    println!("{name} {}", elapsed.as_nanos() as f64 / count as f64);
}

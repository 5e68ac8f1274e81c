//! 70 000 timers in one poll expire in the order of their deadlines, each once and none early.

use std::time::{Duration, Instant};

use wasio::time::Timer;
use wasio::{Events, Interest, Poll, Token};

const COUNT: usize = 70_000;
const SPREAD_US: u64 = 200_000;

fn main() {
    let mut poll = Poll::new().expect("a poll");
    let mut events = Events::with_capacity(1000);
    let start = Instant::now();
    let mut timers = Vec::with_capacity(COUNT);
    for token in 0..COUNT {
        let mut timer = Timer::oneshot(Duration::from_secs(3600));
        let registry = poll.registry();
        registry
            .register(&mut timer, Token(token), Interest::READABLE)
            .expect("register");
        timers.push(timer);
    }
    // The order of the deadlines differs from that of the registrations. All timers are set well
    // before the first one is due.
    let base = start.elapsed() * 3 + Duration::from_secs(1);
    let after = |token: usize| Duration::from_micros(token as u64 * 7919 % SPREAD_US);
    // Setting a timer reads two clocks, and the thread may be preempted in between: by no more than
    // the time that it takes to set the timers of one part.
    let mut slack = Vec::with_capacity(COUNT);
    for part in timers.chunks_mut(10) {
        let begin = start.elapsed();
        let first = slack.len();
        for (token, timer) in (first..).zip(&mut *part) {
            timer.set_at(start + base + after(token));
        }
        let took = start.elapsed() - begin;
        slack.resize(first + part.len(), Duration::from_millis(50) + took);
    }
    assert!(start.elapsed() < base, "setting them took too long");
    let mut fired = Vec::with_capacity(COUNT);
    while fired.len() < COUNT {
        poll.poll(&mut events, Some(Duration::from_secs(20)))
            .expect("poll");
        assert!(!events.is_empty(), "{} of {COUNT} fired", fired.len());
        let now = start.elapsed();
        for event in &events {
            let token = event.token().0;
            assert!(base + after(token) <= now, "timer {token} is early");
            fired.push(token);
        }
    }
    let mut sorted = fired.clone();
    sorted.sort_unstable();
    assert!(sorted.into_iter().eq(0..COUNT), "each fires once");
    let mut latest = Duration::ZERO;
    for token in fired {
        assert!(
            after(token) + slack[token] >= latest,
            "timer {token} is out of order"
        );
        latest = latest.max(after(token));
    }
    println!("done");
}

//! With room for one event, a program that wakes itself before each poll, a periodic timer that is
//! always due and a source that is always ready each get their share of the polls.

use std::time::Duration;

use wasio::time::Timer;
use wasio::{Interest, Token, Waker, stdio};
use wasio_guests::driver::Driver;

const POLLS: usize = 600;
/// An equal share is a third; a host that is slow to see a source gets it less often.
const LEAST: usize = POLLS / 20;

const WAKER: usize = 0;
const TIMER: usize = 1;
const SOURCE: usize = 2;

fn main() {
    let mut driver = Driver::with_capacity(1);
    let waker = Waker::new(driver.poll.registry(), Token(WAKER)).expect("a waker");
    let mut timer = Timer::periodic(Duration::ZERO);
    driver.register(&mut timer, TIMER, Interest::READABLE);
    let mut stdout = stdio::stdout().expect("standard output");
    driver.register(&mut stdout, SOURCE, Interest::WRITABLE);

    let mut seen = [0; 3];
    for _ in 0..POLLS {
        waker.wake().expect("wake");
        let events = driver.next_events();
        assert_eq!(events.len(), 1, "{events:?}");
        let Token(token) = events[0].token();
        seen[token] += 1;
        if token == SOURCE {
            // It is as ready as before, and is to be reported again.
            let registry = driver.poll.registry();
            let result = registry.reregister(&mut stdout, Token(SOURCE), Interest::WRITABLE);
            result.expect("reregister");
        }
    }
    let [wakes, expirations, writable] = seen;
    assert!(
        seen.iter().all(|count| *count >= LEAST),
        "of {POLLS} polls {wakes} report the waker, {expirations} the timer and {writable} the source"
    );
}

//! Prints the cost of a `select` that finds one ready source, in units of fuel: the median of a
//! hundred. Prints nothing natively.

use wasio::{Events, Interest, Poll, Token};
use wasio_guests::driver::accept;

fn main() {
    let mut stream = accept(&mut wasio_guests::listener());
    let mut poll = Poll::new().expect("a poll");
    let mut events = Events::with_capacity(16);
    let registry = poll.registry();
    registry
        .register(&mut stream, Token(1), Interest::READABLE)
        .expect("register");
    // The data is not read, so each reregistration reports it again.
    let mut costs: Vec<u64> = (0..200)
        .filter_map(|_| {
            let before = wasio_guests::fuel_used();
            poll.poll(&mut events, None).expect("poll");
            let after = wasio_guests::fuel_used();
            assert_eq!(events.iter().count(), 1);
            let registry = poll.registry();
            let again = registry.reregister(&mut stream, Token(1), Interest::READABLE);
            again.expect("reregister");
            Some(after? - before?)
        })
        .skip(100)
        .collect();
    costs.sort_unstable();
    if let Some(median) = costs.get(costs.len() / 2) {
        println!("{median}");
    }
}

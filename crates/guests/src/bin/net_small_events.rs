//! With room for one event per poll, all of many ready sources are reported eventually, and none
//! twice.

use wasio::Interest;
use wasio_guests::driver::{Driver, accept_each, drain, say};

const COUNT: usize = 20;

fn main() {
    let mut streams = accept_each::<COUNT>(&mut wasio_guests::listener());
    let mut driver = Driver::with_capacity(1);
    for round in 0..3 {
        for (token, stream) in streams.iter_mut().enumerate() {
            driver.register(stream, token, Interest::READABLE);
        }
        let mut seen = [0; COUNT];
        for _ in 0..COUNT {
            let events = driver.next_events();
            assert_eq!(events.len(), 1, "{events:?}");
            assert!(events[0].is_readable());
            seen[events[0].token().0] += 1;
        }
        assert_eq!(seen, [1; COUNT], "round {round}");
        driver.expect_silence();
        for stream in &mut streams {
            let registry = driver.poll.registry();
            registry.deregister(stream).expect("deregister");
        }
    }
    for stream in &mut streams {
        assert_eq!(drain(stream).0, b"x");
        say(stream, "y");
    }
}

//! An event that found no room says nothing of a direction that is not asked for any more.

use wasio::{Interest, Token, Waker};
use wasio_guests::driver::{BOTH, Driver, accept};

const WAKER: usize = 0;
const STREAM: usize = 1;

fn main() {
    let mut stream = accept(&mut wasio_guests::listener());
    let mut driver = Driver::with_capacity(1);
    driver.register(&mut stream, STREAM, Interest::READABLE);
    driver.expect(STREAM);

    let waker = Waker::new(driver.poll.registry(), Token(WAKER)).expect("a waker");
    let mut ask_for = |driver: &Driver, interest| {
        let registry = driver.poll.registry();
        let result = registry.reregister(&mut stream, Token(STREAM), interest);
        result.expect("reregister");
    };
    // The stream is ready in both directions, and the wake takes its room.
    loop {
        ask_for(&driver, BOTH);
        waker.wake().expect("wake");
        if driver.next_tokens() == [WAKER] {
            break;
        }
    }
    ask_for(&driver, Interest::READABLE);
    let event = driver.expect(STREAM);
    assert!(event.is_readable() && !event.is_writable(), "{event:?}");
}

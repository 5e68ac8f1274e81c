//! Reregistering replaces the token and the interests, and reports a ready source again, drained or
//! not.

use wasio::{Interest, Token};
use wasio_guests::driver::{Driver, accept, drain};

fn main() {
    let mut stream = accept(&mut wasio_guests::listener());
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::READABLE);
    let event = driver.expect(1);
    assert!(event.is_readable() && !event.is_writable(), "{event:?}");
    driver.expect_silence();

    let mut again = |driver: &mut Driver, token, interest| {
        let registry = driver.poll.registry();
        let result = registry.reregister(&mut stream, Token(token), interest);
        result.expect("reregister");
        let event = driver.expect(token);
        driver.expect_silence();
        event
    };
    // A new token, still not drained.
    assert!(again(&mut driver, 2, Interest::READABLE).is_readable());
    // Another direction.
    let event = again(&mut driver, 2, Interest::WRITABLE);
    assert!(event.is_writable() && !event.is_readable(), "{event:?}");
    // The same again.
    assert!(again(&mut driver, 3, Interest::WRITABLE).is_writable());
    // Both in one event.
    let event = again(&mut driver, 4, Interest::READABLE | Interest::WRITABLE);
    assert!(event.is_readable() && event.is_writable(), "{event:?}");
    assert_eq!(drain(&mut stream).0, b"hello");
}

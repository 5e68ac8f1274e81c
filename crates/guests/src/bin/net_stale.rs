//! An event that is pending when its source is closed is discarded. It does not reach the source
//! that replaces it, which may have the same descriptor.

use wasio::{Interest, Token};
use wasio_guests::driver::{Driver, accept, accept_each, drain, say};

fn main() {
    let mut listener = wasio_guests::listener();
    let [mut kept, mut closed, mut control] = accept_each(&mut listener);
    // Both are ready, but there is room for only one event per poll.
    let mut driver = Driver::with_capacity(1);
    driver.register(&mut kept, 1, Interest::READABLE);
    driver.register(&mut closed, 2, Interest::READABLE);
    let first = driver.next_events()[0].token();
    let (mut stays, goes) = if first == Token(1) {
        (kept, closed)
    } else {
        (closed, kept)
    };
    // The event of the other one may be pending. Close it, and open a new one.
    drop(goes);
    say(&control, "1");
    let mut new = accept(&mut listener);
    driver.register(&mut new, 3, Interest::READABLE);
    driver.expect_silence();
    // The new one is reported once it is ready.
    say(&control, "2");
    driver.expect(3);
    assert_eq!(drain(&mut new).0, b"new");
    assert_eq!(drain(&mut stays).0, b"x");
    driver.expect_silence();
    driver.register(&mut control, 4, Interest::READABLE);
    driver.expect(4);
}

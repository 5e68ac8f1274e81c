//! No token is reserved, and two sources may have the same token.

use wasio::{Interest, Waker};
use wasio_guests::driver::{Driver, accept_each, drain};

fn main() {
    let mut streams = accept_each::<4>(&mut wasio_guests::listener());
    let tokens = [usize::MAX, 0, usize::MAX, usize::MAX - 1];
    let mut driver = Driver::default();
    for (stream, token) in streams.iter_mut().zip(tokens) {
        driver.register(stream, token, Interest::READABLE);
    }
    let mut seen = Vec::new();
    while seen.len() < 4 {
        seen.extend(driver.next_tokens());
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, usize::MAX - 1, usize::MAX, usize::MAX]);
    driver.expect_silence();
    for stream in &mut streams {
        assert_eq!(drain(stream).0, b"x");
    }
    let token = wasio::Token(usize::MAX);
    let waker = Waker::new(driver.poll.registry(), token).expect("a waker");
    waker.wake().expect("wake");
    driver.expect(usize::MAX);
    driver.expect_silence();
}

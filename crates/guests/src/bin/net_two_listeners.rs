//! Two listeners in one poll: each accepts its own connections, and there is no third listener.

use wasio::Interest;
use wasio::net::TcpListener;
use wasio_guests::driver::{Driver, say};

fn main() {
    let mut listeners = [wasio_guests::listener(), wasio_guests::listener()];
    assert!(TcpListener::preopened().expect("look").is_none());
    let mut driver = Driver::default();
    for (token, listener) in listeners.iter_mut().enumerate() {
        driver.register(listener, token, Interest::READABLE);
    }
    for expected in [1, 0, 1] {
        driver.expect(expected);
        let (stream, _) = listeners[expected].accept().expect("accept");
        listeners[expected].accept().expect_err("one at a time");
        listeners[1 - expected].accept().expect_err("not here");
        say(&stream, &expected.to_string());
    }
    driver.expect_silence();
}

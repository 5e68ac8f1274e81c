//! Of the dropped streams whose peers do not read, no more than the limit are kept: the oldest are
//! given up, and the others are sent.

use std::time::Duration;

use wasio::Interest;
use wasio_guests::driver::{Driver, accept_each, fill_up, say};

fn main() {
    wasio::net::set_linger_limits(Duration::from_secs(60), 2);
    let [mut control, streams @ ..]: [_; 5] = accept_each(&mut wasio_guests::listener());
    for mut stream in streams {
        println!("{}", fill_up(&mut stream));
    }
    say(&control, "dropped");
    let mut driver = Driver::default();
    driver.register(&mut control, 1, Interest::READABLE);
    driver.expect(1);
    // Now none is kept, so that the end waits for no peer.
    wasio::net::set_linger_limits(Duration::ZERO, 0);
}

//! Where more dropped streams are kept than may be, one that has sent everything goes first, and not
//! the oldest, whose peer reads slowly.

use std::time::Duration;

use wasio::Interest;
use wasio_guests::driver::{Driver, accept_each, fill, fill_up, hear, say};

fn main() {
    wasio::net::set_linger_limits(Duration::from_secs(60), 2);
    let [mut control, mut slow, quick, last]: [_; 4] = accept_each(&mut wasio_guests::listener());
    println!("{}", fill_up(&mut slow));
    drop(slow);
    println!("{}", fill(&quick));
    drop(quick);
    say(&control, "read the second");
    // Waits for less than it takes until the next sweep, which would close it too.
    hear(&mut control, 1);
    fill(&last);
    drop(last);
    say(&control, "read the first");
    let mut driver = Driver::default();
    driver.register(&mut control, 1, Interest::READABLE);
    driver.expect(1);
}

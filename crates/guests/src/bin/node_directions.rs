//! Node.js looks at one direction of a descriptor in a call. Whichever is registered first, and
//! in whatever order they come to lie, input is seen.

use wasio::{Interest, SourceFd, Token};
use wasio_guests::driver::{BOTH, Driver};

const STDIN: i32 = 0;

fn main() {
    // The test has sent a byte, which nobody reads: standard input is readable, never writable.
    for first in [BOTH, Interest::READABLE, Interest::WRITABLE] {
        let mut driver = Driver::default();
        driver.register(&mut SourceFd(&STDIN), 1, first);
        let registry = driver.poll.registry();
        registry
            .reregister(&mut SourceFd(&STDIN), Token(2), BOTH)
            .expect("reregister");
        for _ in 0..5 {
            assert!(driver.expect(2).is_readable(), "{first:?}");
        }
    }
    println!("done");
}

//! Node.js checks only one direction of a descriptor per call. Input is seen whichever direction is
//! registered first, and in whatever order they are in the poll array.

use wasio::{Interest, SourceFd, Token};
use wasio_guests::driver::{BOTH, Driver};

const STDIN: i32 = 0;

fn main() {
    // The test has sent a byte that is not read: standard input is readable and never writable.
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

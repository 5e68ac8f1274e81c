//! An operation that fails with anything but the end of its source leaves the source in the poll:
//! what is there is reported again.

use std::io;

use wasio::Interest;
use wasio_guests::driver::{Driver, accept, drain};

fn main() {
    let mut stream = accept(&mut wasio_guests::listener());
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::READABLE);
    driver.expect(1);
    for _ in 0..3 {
        // As an accept that has no descriptor left.
        let failed = stream.try_io_with(Interest::READABLE, || {
            Err::<(), _>(io::Error::from(io::ErrorKind::OutOfMemory))
        });
        failed.expect_err("it fails");
        driver.expect(1);
    }
    assert_eq!(drain(&mut stream).0, b"hello");
    driver.expect_silence();
}

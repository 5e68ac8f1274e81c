//! Standard error as a source: it is writable, reported once, and shares a poll with standard output.

use std::io::Write;

use wasio::{Interest, stdio};
use wasio_guests::driver::Driver;

fn main() {
    let mut stderr = stdio::stderr().expect("standard error");
    let mut stdout = stdio::stdout().expect("standard output");
    let mut driver = Driver::default();
    driver.register(&mut stderr, 1, Interest::WRITABLE);
    let event = driver.expect(1);
    assert!(event.is_writable() && !event.is_readable(), "{event:?}");
    assert_eq!(stderr.write(b"an error\n").expect("write"), 9);
    driver.expect_silence();
    driver.register(&mut stdout, 2, Interest::WRITABLE);
    driver.expect(2);
    stdout.write_all(b"no error\n").expect("write");
    stderr.write_all(b"another\n").expect("write");
    stderr.flush().expect("flush");
}

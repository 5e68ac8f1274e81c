//! Standard output as a source: it is writable, reported once, and shares a poll with a timer.

use std::io::Write;
use std::time::Duration;

use wasio::time::Timer;
use wasio::{Interest, stdio};
use wasio_guests::driver::Driver;

fn main() {
    let mut stdout = stdio::stdout().expect("standard output");
    let mut driver = Driver::default();
    driver.register(&mut stdout, 1, Interest::WRITABLE);
    let event = driver.expect(1);
    assert!(event.is_writable() && !event.is_readable(), "{event:?}");
    assert_eq!(stdout.write(b"hello\n").expect("write"), 6);
    driver.expect_silence();
    let mut timer = Timer::oneshot(Duration::from_millis(5));
    driver.register(&mut timer, 2, Interest::READABLE);
    driver.expect(2);
    stdout.write_all(b"good bye\n").expect("write");
    stdout.flush().expect("flush");
}

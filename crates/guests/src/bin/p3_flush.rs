//! After a flush there is room for the next write, however slowly the output is read, and what was
//! flushed is not lost when the program then ends without dropping the stream.

use std::io::{ErrorKind, Write};

use wasio::{Interest, stdio};
use wasio_guests::driver::Driver;

const LEN: usize = 64 * 1024;
const WRITES: u8 = 40;

fn main() {
    let mut stdout = stdio::stdout().expect("standard output");
    for number in 1..WRITES {
        assert_eq!(stdout.write(&[number; LEN]).expect("write"), LEN);
        stdout.flush().expect("flush");
        stdout.try_flush().expect("nothing is left");
    }
    let mut driver = Driver::default();
    driver.register(&mut stdout, 1, Interest::WRITABLE);
    driver.expect(1);
    assert_eq!(stdout.write(&[WRITES; LEN]).expect("write"), LEN);
    while let Err(error) = stdout.try_flush() {
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        driver.expect(1);
    }
    std::process::exit(0);
}

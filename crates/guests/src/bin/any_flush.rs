//! What was flushed is not lost when the program then ends without dropping the stream, however slowly
//! the host takes it.

use std::io::{ErrorKind, Write};

use wasio::{Interest, stdio};
use wasio_guests::driver::Driver;

const LINES: usize = 10_000;

fn main() {
    let mut stdout = stdio::stdout().expect("standard output");
    let mut driver = Driver::default();
    driver.register(&mut stdout, 1, Interest::WRITABLE);
    let text: String = (0..LINES).map(|number| format!("{number:05}\n")).collect();
    let mut rest = text.as_bytes();
    while !rest.is_empty() {
        match stdout.write(rest) {
            Ok(written) => rest = &rest[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => drop(driver.expect(1)),
            Err(error) => panic!("write: {error}"),
        }
    }
    stdout.flush().expect("flush");
    stdout.try_flush().expect("nothing is left");
    std::process::exit(0);
}

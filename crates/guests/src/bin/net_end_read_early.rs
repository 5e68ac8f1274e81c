//! The end of a stream that the program read before any event came is not reported: the program
//! knows it. Natively it may be.

use std::io::{ErrorKind, Read};
use std::thread;
use std::time::{Duration, Instant};

use wasio::Interest;
use wasio_guests::driver::{Driver, PATIENCE, accept};

fn main() {
    let mut stream = accept(&mut wasio_guests::listener());
    let mut driver = Driver::default();
    driver.register(&mut stream, 1, Interest::READABLE);
    let start = Instant::now();
    loop {
        match stream.read(&mut [0; 8]) {
            Ok(0) => break,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            other => panic!("{other:?}"),
        }
        assert!(start.elapsed() < PATIENCE, "no end");
        thread::sleep(Duration::from_millis(5));
    }
    if cfg!(target_os = "wasi") {
        driver.expect_silence();
    }
    assert_eq!(stream.read(&mut [0; 8]).expect("the end stays"), 0);
}

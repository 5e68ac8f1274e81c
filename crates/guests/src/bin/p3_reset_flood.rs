//! Many peers reset their connections before the program accepts them: one accept passes over a few
//! of them only, and the peer that stays is accepted in the end.

use std::io::{self, ErrorKind, Read};

use wasio::Interest;
use wasio_guests::driver::Driver;

fn main() {
    let resets = std::env::args().nth(1).expect("a number");
    let resets: usize = resets.parse().expect("a number");
    let mut listener = wasio_guests::listener();
    let mut driver = Driver::default();
    driver.register(&mut listener, 0, Interest::READABLE);
    // All peers have come and gone, but for the last one.
    let mut line = String::new();
    io::stdin().read_line(&mut line).expect("a line");
    let mut aborted = 0;
    let mut stream = loop {
        match listener.accept() {
            Ok((stream, _)) => break stream,
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => aborted += 1,
            Err(error) if error.kind() == ErrorKind::WouldBlock => drop(driver.expect(0)),
            Err(error) => panic!("accept: {error}"),
        }
    };
    let least = resets / 16 - 1;
    assert!((least..=resets).contains(&aborted), "{aborted} aborted");
    driver.register(&mut stream, 1, Interest::READABLE);
    let mut byte = [0];
    while let Err(error) = stream.read(&mut byte) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}");
        driver.expect(1);
    }
    assert_eq!(byte, [7]);
}

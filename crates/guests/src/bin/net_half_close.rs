//! A peer that has shut down its sending side can still be written to. A peer that was sent an end
//! of file can still be read from.

use std::io::{ErrorKind, Write};
use std::net::Shutdown;

use wasio::Interest;
use wasio_guests::driver::{BOTH, Driver, accept_each, drain, expect_kind, say};

fn main() {
    let [mut theirs, mut ours, mut both] = accept_each(&mut wasio_guests::listener());
    let mut driver = Driver::default();

    // The peer has ended its side; this side is still open.
    driver.register(&mut theirs, 1, Interest::READABLE);
    let (mut got, mut end) = (Vec::new(), false);
    while !end {
        assert!(driver.expect(1).is_readable());
        let (bytes, ended) = drain(&mut theirs);
        got.extend(bytes);
        end = ended;
    }
    assert_eq!(got, b"last words");
    // The end is reported only once.
    driver.expect_silence();
    say(&theirs, "answer");
    drop(theirs);

    // This side has ended; the peer is still open.
    driver.register(&mut ours, 2, Interest::READABLE);
    say(&ours, "done");
    ours.shutdown(Shutdown::Write).expect("shut down");
    ours.write(b"x").expect_err("write after the end");
    assert_eq!(driver.receive(&ours, 5), b"still");
    drop(ours);

    // `Shutdown::Both` ends both.
    driver.register(&mut both, 3, BOTH);
    both.shutdown(Shutdown::Both).expect("shut down");
    let event = driver.expect(3);
    assert!(event.is_readable(), "{event:?}");
    assert_eq!(drain(&mut both), (Vec::new(), true));
    expect_kind(both.write(b"x"), ErrorKind::BrokenPipe);
}

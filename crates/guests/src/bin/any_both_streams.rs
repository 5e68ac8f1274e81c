//! Standard output is writable while standard input is silent, and the other way round: neither
//! holds the other up, also on hosts that wait until all are ready.

use std::io::Write;
use std::time::{Duration, Instant};

use wasio::{Interest, stdio};
use wasio_guests::driver::{Driver, drain};

const STDIN: usize = 1;
const STDOUT: usize = 2;
/// A host that waits for all is asked again each 50 ms; the rest is for a busy machine.
const SOON: Duration = Duration::from_secs(2);

fn main() {
    let mut stdin = stdio::stdin().expect("standard input");
    let mut stdout = stdio::stdout().expect("standard output");
    let mut driver = Driver::default();
    driver.register(&mut stdin, STDIN, Interest::READABLE);
    driver.register(&mut stdout, STDOUT, Interest::WRITABLE);

    let start = Instant::now();
    assert!(driver.expect(STDOUT).is_writable());
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    // Silent by now: both.
    driver.expect_silence();
    stdout.write_all(b"ready\n").expect("write");
    stdout.flush().expect("flush");

    assert!(driver.expect(STDIN).is_readable());
    let (bytes, _) = drain(&mut stdin);
    assert_eq!(bytes, b"go\n");
    // Writable again on request, and silent input beside it again.
    let registry = driver.poll.registry();
    registry
        .reregister(&mut stdout, wasio::Token(STDOUT), Interest::WRITABLE)
        .expect("reregister");
    let start = Instant::now();
    assert!(driver.expect(STDOUT).is_writable());
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    stdout.write_all(b"done\n").expect("write");
}

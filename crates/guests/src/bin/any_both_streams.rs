//! Standard output is reported as writable while standard input has no data, and the reverse. This
//! also holds on hosts that wait until all sources are ready.

use std::io::Write;
use std::time::{Duration, Instant};

use wasio::{Interest, stdio};
use wasio_guests::driver::{Driver, drain, expect_prompt};

const STDIN: usize = 1;
const STDOUT: usize = 2;
const ROUNDS: usize = 9;
/// A host that waits for all is asked again this often.
const SLICE: Duration = Duration::from_millis(50);

fn main() {
    let mut stdin = stdio::stdin().expect("standard input");
    let mut stdout = stdio::stdout().expect("standard output");
    let mut driver = Driver::default();
    driver.register(&mut stdin, STDIN, Interest::READABLE);
    driver.register(&mut stdout, STDOUT, Interest::WRITABLE);

    let mut delays = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        assert!(driver.expect(STDOUT).is_writable());
        delays.push(start.elapsed());
        // Writable again on request, and silent input beside it.
        let registry = driver.poll.registry();
        registry
            .reregister(&mut stdout, wasio::Token(STDOUT), Interest::WRITABLE)
            .expect("reregister");
    }
    expect_prompt(delays, SLICE);
    driver.expect(STDOUT);
    // Silent by now: both.
    driver.expect_silence();
    stdout.write_all(b"ready\n").expect("write");
    stdout.flush().expect("flush");

    assert!(driver.expect(STDIN).is_readable());
    let (bytes, _) = drain(&mut stdin);
    assert_eq!(bytes, b"go\n");
    stdout.write_all(b"done\n").expect("write");
}

//! Copies standard input to standard output until the input ends, with one poll. The test sends
//! each part after it has received the previous one, so no input may be held back. A read without
//! input must not block the timer in the same poll.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use wasio::time::Timer;
use wasio::{Interest, stdio};
use wasio_guests::driver::Driver;

const STDIN: usize = 1;
const TICK: usize = 2;

fn main() {
    // Smaller than some parts of the input, and larger than others.
    let buffer_len = std::env::args()
        .nth(1)
        .map_or(4096, |len| len.parse().unwrap());
    let mut buffer = vec![0; buffer_len];
    let mut stdin = stdio::stdin().expect("standard input");
    let mut stdout = std::io::stdout();
    let mut driver = Driver::default();
    driver.register(&mut stdin, STDIN, Interest::READABLE);
    let mut tick = Timer::periodic(Duration::from_millis(20));
    driver.register(&mut tick, TICK, Interest::READABLE);
    let mut ticks = 0;
    loop {
        let tokens = driver.next_tokens();
        if tokens.contains(&TICK) {
            ticks += tick.expirations();
        }
        if !tokens.contains(&STDIN) {
            continue;
        }
        loop {
            match stdin.read(&mut buffer) {
                Ok(0) => {
                    writeln!(stdout, "end").expect("write");
                    // The timer continued while there was no input.
                    eprintln!("{ticks} ticks");
                    return;
                }
                Ok(count) => stdout.write_all(&buffer[..count]).expect("write"),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => panic!("read: {error}"),
            }
        }
        stdout.flush().expect("flush");
    }
}

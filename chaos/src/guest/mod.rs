//! What the two guests are made of. They are programs on wasio's public API, and run on every backend.
//!
//! The first line of its standard input starts the run. The client ends with its input.
//!
//! A guest prints lines: `listening ADDRESS` and `datagrams ADDRESS` when it can be reached, `status`
//! with its counts every second, and `violation` when something that must hold does not. What is right
//! only together with a fault is a `broken` or a `lacks` line: `chaos` knows what it has done, and when.

mod arguments;
mod client;
mod clock;
mod datagrams;
mod dial;
mod flow;
mod lookups;
mod patience;
mod server;
mod status;
mod timers;
mod wakes;

use std::io;
use std::time::Duration;

use self::arguments::Arguments;
use self::clock::{Clock, StartLine};
use self::patience::Patience;
use self::status::Status;
use self::timers::Timers;
use self::wakes::Wakes;

pub use self::client::client;
pub use self::server::{Bug, server};

/// The tokens of what is not a connection. Timers follow from `TIMERS` on.
mod token {
    use wasio::Token;

    pub(super) const LISTENER: Token = Token(1 << 30);
    pub(super) const DATAGRAMS: Token = Token(LISTENER.0 + 1);
    pub(super) const TO_NOBODY: Token = Token(LISTENER.0 + 2);
    pub(super) const INPUT: Token = Token(LISTENER.0 + 3);
    pub(super) const BEAT: Token = Token(LISTENER.0 + 4);
    pub(super) const TICK: Token = Token(LISTENER.0 + 5);
    pub(super) const WAKER: Token = Token(LISTENER.0 + 6);
    pub(super) const LOOKUP: Token = Token(LISTENER.0 + 7);
    pub(super) const TIMERS: Token = Token(LISTENER.0 + 1_000);
}

/// Reports that something that must hold does not.
fn violation(text: &str) {
    println!("violation {text}");
}

/// Reports an operation that failed since `from`, as it may while its host has no descriptors left.
fn lacks(from: Duration, clock: &Clock, text: &str) {
    let (from, to) = (from.as_millis(), clock.at().as_millis());
    println!("lacks {from} {to} {text}");
}

/// Does `operation` until it would block; its errors are counted in `errors`. The number of operations
/// is bounded, as an error may come again and again.
fn until_blocked(errors: &mut u64, mut operation: impl FnMut() -> io::Result<()>) {
    const MOST_ERRORS: usize = 16;
    let mut failed = 0;
    while failed < MOST_ERRORS {
        match operation() {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            Err(_) => {
                failed += 1;
                *errors += 1;
            }
        }
    }
}

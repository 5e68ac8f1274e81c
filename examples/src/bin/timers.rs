//! Several timers in one poll: a periodic one, a deadline that is moved whenever something happens,
//! and one that is cancelled.
//!
//! ```sh
//! cargo run -p wasio-examples --bin timers
//! ```

use std::io;
use std::time::{Duration, Instant};

use wasio::time::Timer;
use wasio::{Events, Interest, Poll, Token};

const TICK: Token = Token(0);
const QUIET: Token = Token(1);
const CANCELLED: Token = Token(2);

const PERIOD: Duration = Duration::from_millis(20);
const TICKS: u64 = 5;

fn main() -> io::Result<()> {
    let mut poll = Poll::new()?;
    let mut events = Events::with_capacity(8);
    let registry = poll.registry();

    let start = Instant::now();
    let mut tick = Timer::periodic(PERIOD);
    registry.register(&mut tick, TICK, Interest::READABLE)?;
    // Expires if nothing happens for three periods.
    let mut quiet = Timer::oneshot(PERIOD * 3);
    registry.register(&mut quiet, QUIET, Interest::READABLE)?;
    let mut cancelled = Timer::oneshot(PERIOD / 2);
    registry.register(&mut cancelled, CANCELLED, Interest::READABLE)?;
    cancelled.cancel();

    let mut ticks = 0;
    loop {
        poll.poll(&mut events, None)?;
        let now = start.elapsed();
        for event in &events {
            match event.token() {
                TICK => {
                    ticks += tick.expirations();
                    println!("tick {ticks} after {} ms", now.as_millis());
                    quiet.set(PERIOD * 3);
                    if ticks >= TICKS {
                        tick.cancel();
                    }
                }
                // A tick that came with this event has moved the deadline.
                QUIET if quiet.expirations() == 0 => {}
                QUIET => {
                    println!("quiet after {} ms", now.as_millis());
                    return Ok(());
                }
                token => unreachable!("a cancelled timer fired: {token:?}"),
            }
        }
    }
}

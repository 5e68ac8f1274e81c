//! Two threads wake each other alternately, ten thousand times. Only one wake is pending at a time,
//! so a lost wake would stop both.

use std::thread;

use wasio::{Token, Waker};
use wasio_guests::driver::Driver;

const ROUNDS: u32 = 10_000;

fn main() {
    let mut ours = Driver::default();
    let mut theirs = Driver::default();
    let to_us = Waker::new(ours.poll.registry(), Token(1)).expect("a waker");
    let to_them = Waker::new(theirs.poll.registry(), Token(2)).expect("a waker");
    let thread = thread::spawn(move || {
        for _ in 0..ROUNDS {
            theirs.expect(2);
            to_us.wake().expect("wake");
        }
        // Dropping the waker would discard the last wake.
        to_us
    });
    for _ in 0..ROUNDS {
        to_them.wake().expect("wake");
        ours.expect(1);
    }
    thread.join().expect("join");
}

//! Four threads wake the poll a million times. Everything they did before their wakes is visible in
//! the end, although wakes are merged.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use wasio::{Token, Waker};
use wasio_guests::driver::Driver;

const THREADS: u32 = 4;
const EACH: u32 = 250_000;

fn main() {
    let mut driver = Driver::default();
    let waker = Waker::new(driver.poll.registry(), Token(1)).expect("a waker");
    let waker = Arc::new(waker);
    let count = Arc::new(AtomicU32::new(0));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let (waker, count) = (Arc::clone(&waker), Arc::clone(&count));
            thread::spawn(move || {
                for _ in 0..EACH {
                    count.fetch_add(1, Ordering::Relaxed);
                    waker.wake().expect("wake");
                }
            })
        })
        .collect();
    // If a wake were lost, this would wait forever.
    let mut events = 0;
    while count.load(Ordering::Relaxed) < THREADS * EACH {
        driver.expect(1);
        events += 1;
    }
    assert!(events <= THREADS * EACH);
    for thread in threads {
        thread.join().expect("join");
    }
    println!("{} wakes", count.load(Ordering::Relaxed));
}

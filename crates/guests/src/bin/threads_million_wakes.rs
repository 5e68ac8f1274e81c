//! Four threads wake a million times; what each did before its wake is seen in the
//! end, with no wake but the last to go by.

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
    // A wake that is lost leaves this waiting for an event that does not come.
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

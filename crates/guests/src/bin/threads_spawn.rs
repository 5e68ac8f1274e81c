//! Four threads together count to a million while the main thread waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

const THREADS: u32 = 4;
const EACH: u32 = 250_000;

fn main() {
    let count = Arc::new(AtomicU32::new(0));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let count = Arc::clone(&count);
            thread::spawn(move || {
                for _ in 0..EACH {
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("join");
    }
    assert_eq!(count.load(Ordering::Relaxed), THREADS * EACH);
    println!("done");
}

//! Several threads ask for the listeners that the host handed in at once: each listener is handed
//! out once, also where numbers between them are not in use.
#![allow(unsafe_code, reason = "closes descriptors by their number")]

use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{hint, mem, thread};

use wasio::net::TcpListener;

const THREADS: usize = 4;
/// How often each thread asks, which is more often than there are listeners.
const QUESTIONS: usize = 200;
/// The first descriptor that the host hands in.
const FIRST: i32 = 3;
/// One listener in this many stays open. The search ends at a longer row of unused numbers.
const APART: u32 = 6;

fn main() {
    let count: u32 = std::env::args().nth(1).expect("a count").parse().unwrap();
    let (open, closed): (Vec<u32>, Vec<u32>) = (0..count).partition(|index| index % APART == 0);
    for index in closed {
        // SAFETY: the host opened it, nothing in this program owns it, and nothing opens another.
        unsafe { wasio_guests::close(FIRST + index.cast_signed()) };
    }
    // A barrier would wake one thread after the other; these begin together.
    let ready = Arc::new(AtomicUsize::new(0));
    let threads: Vec<_> = (0..THREADS)
        .map(|_| {
            let ready = Arc::clone(&ready);
            thread::spawn(move || {
                ready.fetch_add(1, Ordering::Relaxed);
                while ready.load(Ordering::Relaxed) < THREADS {
                    hint::spin_loop();
                }
                take_all()
            })
        })
        .collect();
    let mut taken: Vec<i32> = Vec::new();
    for thread in threads {
        taken.extend(thread.join().expect("join"));
    }
    taken.extend(take_all());
    taken.sort_unstable();
    let expected: Vec<i32> = open
        .into_iter()
        .map(|index| FIRST + i32::try_from(index).expect("a small number"))
        .collect();
    assert_eq!(taken, expected);
}

/// The numbers of the listeners that this thread is handed. It goes on when there is none, while
/// the others may be in the midst of their search.
fn take_all() -> Vec<i32> {
    let mut numbers = Vec::new();
    for _ in 0..QUESTIONS {
        if let Some(listener) = TcpListener::preopened().expect("ask the host") {
            numbers.push(listener.as_raw_fd());
            // It stays open: a second owner of its number is found by the number.
            mem::forget(listener);
        }
    }
    numbers
}

//! A wake from another thread ends a poll that blocks: at once when it waits for no
//! descriptor, and within 10 ms when it waits for one.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use wasio::{Interest, Token, Waker};
use wasio_guests::driver::{Driver, expect_prompt};

const ROUNDS: usize = 15;
const WAKER: usize = usize::MAX;

fn main() {
    let mut driver = Driver::default();
    let waker = Waker::new(driver.poll.registry(), Token(WAKER)).expect("a waker");
    let (go, when) = channel();
    let (tell, woken) = channel();
    let thread = thread::spawn(move || wake_later(&waker, &when, &tell));
    check(&mut driver, &go, &woken, Duration::ZERO);
    let mut listener = wasio_guests::listener();
    driver.register(&mut listener, 1, Interest::READABLE);
    check(&mut driver, &go, &woken, Duration::from_millis(10));
    drop(go);
    thread.join().expect("join");
}

/// Sleeps for each requested pause, in which the poll starts to block. Then wakes it, and sends the
/// time of the wake.
fn wake_later(waker: &Waker, when: &Receiver<Duration>, tell: &Sender<Instant>) {
    for pause in when {
        thread::sleep(pause);
        let now = Instant::now();
        waker.wake().expect("wake");
        tell.send(now).expect("the main thread waits");
    }
}

fn check(
    driver: &mut Driver,
    go: &Sender<Duration>,
    woken: &Receiver<Instant>,
    documented: Duration,
) {
    let mut delays = Vec::new();
    for round in 0..ROUNDS {
        // Pauses of different length, long enough for the slices to have grown.
        let pause = Duration::from_millis(20 + 3 * round as u64);
        let start = Instant::now();
        go.send(pause).expect("the thread waits");
        driver.expect(WAKER);
        let now = Instant::now();
        assert!(now - start >= pause, "woken by something else");
        delays.push(now - woken.recv().expect("told"));
    }
    expect_prompt(delays, documented);
}

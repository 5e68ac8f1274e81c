//! Only one thread may wait on a selector. A second thread gets an error at once, and does not
//! disturb the first.

use std::io::ErrorKind;
use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use wasio::{Events, Token, Waker};
use wasio_guests::driver::Driver;

fn main() {
    let mut driver = Driver::default();
    let waker = Waker::new(driver.poll.registry(), Token(1)).expect("a waker");
    let selector = driver
        .poll
        .registry()
        .selector()
        .try_clone()
        .expect("clone");
    let (ready, go) = channel();
    let thread = thread::spawn(move || {
        let mut events = Events::with_capacity(1);
        go.recv().expect("told");
        let start = Instant::now();
        // The first thread may not be waiting yet.
        while start.elapsed() < Duration::from_secs(10) {
            match selector.select(&mut events, Some(Duration::ZERO)) {
                Err(error) => {
                    assert_eq!(error.kind(), ErrorKind::ResourceBusy, "{error}");
                    waker.wake().expect("wake");
                    // Dropping the waker would discard the wake.
                    return waker;
                }
                Ok(()) => assert!(events.is_empty(), "{events:?}"),
            }
        }
        panic!("two waits at once");
    });
    ready.send(()).expect("the thread waits");
    // This thread may be the second one too, while the other one tries.
    let start = Instant::now();
    loop {
        match driver
            .poll
            .poll(&mut driver.events, Some(Duration::from_secs(15)))
        {
            Ok(()) => break,
            Err(error) => assert_eq!(error.kind(), ErrorKind::ResourceBusy, "{error}"),
        }
        assert!(start.elapsed() < Duration::from_secs(15));
    }
    assert_eq!(driver.events.iter().count(), 1);
    thread.join().expect("join");
}

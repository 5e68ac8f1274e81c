//! One thread waits in a poll and another wakes it repeatedly. Measures the time from the wake to
//! the event. Every peer with mio's API uses this source.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use crate::api::{self, Events, Interest, Poll, Token, Waker};

const WAKER: Token = Token(0);
const LISTENER: Token = Token(1);

/// The pause between an event and the next wake, in which the thread starts to wait again.
const PAUSE: Duration = Duration::from_micros(500);

/// Wakes `count` times, with or without a registered descriptor.
pub(crate) fn run(count: usize, with_descriptor: bool) -> io::Result<()> {
    let mut poll = Poll::new()?;
    let waker = Waker::new(poll.registry(), WAKER)?;
    let mut listener = with_descriptor.then(api::listener).transpose()?;
    if let Some(listener) = &mut listener {
        poll.registry()
            .register(listener, LISTENER, Interest::READABLE)?;
    }
    let (seen, sees) = mpsc::channel();
    let waking = thread::spawn(move || wake(&waker, count, &sees));
    serve(&mut poll, count, &seen)?;
    let mut latencies = waking
        .join()
        .map_err(|_| io::Error::other("the waking thread panicked"))??;
    latencies.sort_unstable();
    let at = |share: usize| latencies[(latencies.len() - 1) * share / 100];
    for (name, latency) in [("p50_us", at(50)), ("p99_us", at(99)), ("max_us", at(100))] {
        println!("{name} {}", latency.as_secs_f64() * 1e6);
    }
    Ok(())
}

/// Sends the time at which each wake was seen.
fn serve(poll: &mut Poll, count: usize, seen: &Sender<Instant>) -> io::Result<()> {
    let mut events = Events::with_capacity(8);
    let mut served = 0;
    while served < count {
        poll.poll(&mut events, None)?;
        let now = Instant::now();
        if events.iter().any(|event| event.token() == WAKER) {
            served += 1;
            seen.send(now).map_err(io::Error::other)?;
        }
    }
    Ok(())
}

fn wake(waker: &Waker, count: usize, sees: &Receiver<Instant>) -> io::Result<Vec<Duration>> {
    let mut latencies = Vec::with_capacity(count);
    for _ in 0..count {
        thread::sleep(PAUSE);
        let start = Instant::now();
        waker.wake()?;
        let seen = sees.recv().map_err(io::Error::other)?;
        latencies.push(seen.saturating_duration_since(start));
    }
    Ok(latencies)
}

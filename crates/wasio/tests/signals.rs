//! Signals. In a program of its own: it stops and continues itself.
#![cfg(target_os = "linux")]

mod util;

use std::process::{self, Command};
use std::time::{Duration, Instant};

use util::{SLACK, bounded};
use wasio::{Events, Poll};

// The kernel ends a wait in `epoll_wait` with `EINTR` when the process is stopped and continued.
#[test]
fn a_signal_does_not_end_the_wait() {
    bounded(|| {
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(8);
        let timeout = Duration::from_millis(400);
        let script = "for i in 1 2 3; do sleep 0.05; kill -STOP $0; kill -CONT $0; done";
        let mut signals = Command::new("sh")
            .args(["-c", script])
            .arg(process::id().to_string())
            .spawn()
            .unwrap();
        let started = Instant::now();
        poll.poll(&mut events, Some(timeout)).unwrap();
        let waited = started.elapsed();
        assert!(events.is_empty());
        assert!(waited >= timeout, "early: {waited:?}");
        assert!(waited < timeout + SLACK, "late: {waited:?}");
        assert!(signals.wait().unwrap().success());
    });
}

//! A signal ends a wait, as in mio: a loop that reads a flag after each poll finds it set.

#[cfg(unix)]
fn main() {
    use std::io::ErrorKind;
    use std::process::{self, Command};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    use mio::{Events, Poll, Token, Waker};

    const LIMIT: Duration = Duration::from_secs(10);

    let flag = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(signal_hook::consts::SIGUSR1, Arc::clone(&flag)).unwrap();
    let mut poll = Poll::new().unwrap();
    let mut events = Events::with_capacity(8);
    let mut is_ended_by_a_signal = |timeout| {
        flag.store(false, Ordering::SeqCst);
        let mut signals = Command::new("sh")
            .args(["-c", "sleep 0.1; kill -USR1 $0"])
            .arg(process::id().to_string())
            .spawn()
            .unwrap();
        let start = Instant::now();
        let error = poll.poll(&mut events, timeout).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Interrupted);
        assert!(flag.load(Ordering::SeqCst) && start.elapsed() < LIMIT);
        assert!(events.is_empty());
        assert!(signals.wait().unwrap().success());
    };
    // Nothing is registered: mio waits then too.
    is_ended_by_a_signal(None);
    is_ended_by_a_signal(Some(2 * LIMIT));

    let waker = Waker::new(poll.registry(), Token(1)).unwrap();
    waker.wake().unwrap();
    poll.poll(&mut events, None).unwrap();
    assert_eq!(events.iter().count(), 1);
    let start = Instant::now();
    let pause = Duration::from_micros(1500);
    poll.poll(&mut events, Some(pause)).unwrap();
    assert!(events.is_empty() && start.elapsed() >= pause);
}

#[cfg(not(unix))]
fn main() {}

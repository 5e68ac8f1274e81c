//! Guests that start threads.

use std::io::Write;
use std::time::{Duration, Instant};

use wasio_host::Exit;

use crate::harness::{Case, Host};
use crate::talk::{end, hear, hear_end, say};

pub(crate) fn threads_wake(case: &Case) {
    case.setup().listeners(1).start().succeeds();
}

pub(crate) fn threads_million_wakes(case: &Case) {
    assert_eq!(case.start().succeeds().stdout_text(), "1000000 wakes\n");
}

pub(crate) fn threads_ping_pong(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn threads_register(case: &Case) {
    let guest = case.setup().listeners(1).start();
    let (peer, control) = (guest.connect(), guest.connect());
    say(&peer, "hello");
    for step in ["1", "2"] {
        hear(&control, step);
        // Deregistered or closed by now: nobody is to hear of it.
        let _ = (&peer).write_all(b"x");
    }
    guest.succeeds();
}

pub(crate) fn threads_second_select(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn threads_timers(case: &Case) {
    case.setup().listeners(1).start().succeeds();
}

/// Of ten guests that searched without a lock, three or four were handed a listener twice.
pub(crate) fn threads_preopened_race(case: &Case) {
    const GUESTS: usize = 10;
    const LISTENERS: usize = 400;
    case.skip_on(
        Host::Native,
        "tests/preopened.rs of wasio hands listeners to a process",
    );
    for _ in 0..GUESTS {
        let setup = case.setup().listeners(LISTENERS);
        setup.arg(LISTENERS.to_string()).start().succeeds();
    }
}

pub(crate) fn threads_echo(case: &Case) {
    const COUNT: usize = 40;
    let setup = case.setup().listeners(1).arg(COUNT.to_string());
    let guest = setup.start();
    let peers: Vec<_> = (0..COUNT).map(|_| guest.connect()).collect();
    for round in 0..5 {
        for (number, peer) in peers.iter().enumerate() {
            say(peer, &format!("{round} of {number}"));
        }
        for (number, peer) in peers.iter().enumerate() {
            hear(peer, &format!("{round} of {number}"));
        }
    }
    for peer in &peers {
        end(peer);
        hear(peer, "end");
        hear_end(peer);
    }
    guest.succeeds();
}

pub(crate) fn threads_spawn(case: &Case) {
    assert_eq!(case.start().succeeds().stdout_text(), "done\n");
}

pub(crate) fn threads_exit(case: &Case) {
    let start = Instant::now();
    let outcome = case.start().outcome();
    assert_eq!(outcome.exit, Exit::Code(7));
    assert!(start.elapsed() < Duration::from_secs(20));
}

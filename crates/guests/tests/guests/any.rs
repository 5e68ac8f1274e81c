//! Guests that need no socket: they run on every host.

use std::io::Write;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use wasio_host::{Exit, Stdin};

use crate::harness::{Case, Host, bounded, skip};

mod streams;
mod waits;

pub(crate) use streams::*;
pub(crate) use waits::*;

pub(crate) fn any_exit_code(case: &Case) {
    let outcome = case.setup().arg("42").start().outcome();
    // A component of WASI 0.2 ends well or not: its interface has no codes.
    let code = if case.host().is_component() { 1 } else { 42 };
    assert_eq!(outcome.exit, Exit::Code(code));
}

pub(crate) fn any_std_streams(case: &Case) {
    let setup = || {
        let setup = case.setup().arg("one").arg("");
        setup.env("WASIO_TEST", "two")
    };
    let given = setup().stdin(Stdin::Bytes(b"three".to_vec())).start();
    let mut piped = setup().stdin(Stdin::Pipe).start();
    let mut stdin = piped.take_stdin().unwrap();
    stdin.write_all(b"three").unwrap();
    drop(stdin);
    for outcome in [given.succeeds(), piped.succeeds()] {
        assert_eq!(
            outcome.stdout_text(),
            "args [\"one\", \"\"] variable Ok(\"two\")\nthree"
        );
        assert_eq!(outcome.stderr_text(), "5 bytes\n");
    }
}

pub(crate) fn any_measures(case: &Case) {
    let host = case.host();
    let outcome = case.setup().fuel().start().succeeds();
    if host == Host::Native {
        assert_eq!(outcome.stdout_text(), "");
        return;
    }
    assert_eq!(outcome.stdout_text(), "fuel\ncpu\n");
    let fuel = outcome.fuel.unwrap();
    assert!(fuel > 5_000_000 && fuel < 500_000_000, "{fuel}");
    assert!(outcome.peak_memory_bytes > 64 * 1024);
    assert!(
        outcome.cpu > Duration::from_micros(500),
        "{:?}",
        outcome.cpu
    );
}

pub(crate) fn any_lookup(case: &Case) {
    case.start().succeeds();
}

pub(crate) fn any_hangs(case: &Case) {
    const LIMIT: Duration = Duration::from_millis(300);
    for args in [&[][..], &["sleep"]] {
        let start = Instant::now();
        let guest = case.setup().args(args).start();
        let outcome = guest.outcome_within(LIMIT);
        let elapsed = start.elapsed();
        assert_eq!(outcome.exit, Exit::TimedOut, "{args:?}");
        assert!(elapsed >= LIMIT, "early: {elapsed:?}");
        assert!(
            elapsed < LIMIT + Duration::from_secs(10),
            "late: {elapsed:?}"
        );
    }
    if case.host().is_process() {
        ends_with_the_time_of_its_test(case, LIMIT);
    }
}

/// The thread of such a test waits on, and nothing else would kill its guest.
fn ends_with_the_time_of_its_test(case: &Case, limit: Duration) {
    const HOUR: Duration = Duration::from_secs(3600);
    let (sender, receiver) = channel();
    let too_long = move |case: &Case| {
        let guest = case.setup().arg("sleep").start();
        sender.send(guest.outcome_within(HOUR).exit).unwrap();
    };
    let case = case.anew();
    case.set_limit(limit);
    let failed = bounded(too_long, &case).err().expect("its time is over");
    let message = failed.message().unwrap();
    assert!(message.contains("not done after"), "{message}");
    let exit = receiver.recv().unwrap();
    assert_ne!(exit, Exit::TimedOut);
}

pub(crate) fn any_works(case: &Case) {
    const MOST: Duration = Duration::from_secs(20);
    let (start, mut cpu) = (Instant::now(), Duration::ZERO);
    let guest = case.start();
    while cpu < Duration::from_millis(20) && start.elapsed() < MOST {
        let Some(now) = guest.cpu_time() else {
            skip("this system does not tell the CPU time of another process");
        };
        assert!(now >= cpu, "{now:?} after {cpu:?}");
        cpu = now;
        std::thread::yield_now();
    }
    assert!(start.elapsed() < MOST, "{cpu:?} after {MOST:?}");
    // One thread works: it has no more CPU time than time has passed.
    assert!(cpu <= start.elapsed() + Duration::from_millis(50));
}

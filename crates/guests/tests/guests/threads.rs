//! Guests that start threads.

use std::time::{Duration, Instant};

use wasio_host::Exit;

use crate::harness::Case;

pub(crate) fn threads_spawn(case: &Case) {
    assert_eq!(case.start().succeeds().stdout_text(), "done\n");
}

pub(crate) fn threads_exit(case: &Case) {
    let start = Instant::now();
    let outcome = case.start().outcome();
    assert_eq!(outcome.exit, Exit::Code(7));
    assert!(start.elapsed() < Duration::from_secs(20));
}

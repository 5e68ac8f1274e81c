//! The standard input of the server.

use std::io::Write;
use std::process::ChildStdin;
use std::sync::atomic::Ordering;
use std::time::Duration;

use wasio_chaos::pattern::{self, INPUT};
use wasio_chaos::plan;

use crate::shared::Shared;

/// Writes to it in parts with pauses, and closes it at the time that the plan says.
pub(crate) fn feed(shared: &Shared, mut pipe: ChildStdin) {
    let end = plan::end_of_input(shared.seed, shared.length);
    let mut written = 0;
    for number in 0.. {
        if shared.at() > end || shared.has_ended() {
            break;
        }
        if let Some(quiet) = plan::until_loud(shared.at()) {
            shared.sleep(quiet);
            continue;
        }
        let (len, pause) = plan::input(shared.seed, number);
        if let Err(error) = pipe.write_all(&pattern::bytes(INPUT, written, len)) {
            return shared.violation(&format!("the server closed its standard input: {error}"));
        }
        written += len as u64;
        shared.counts.input.store(written, Ordering::SeqCst);
        shared.sleep(pause.min(Duration::from_secs(1)));
    }
    drop(pipe);
    shared.counts.input_ended.store(true, Ordering::SeqCst);
}

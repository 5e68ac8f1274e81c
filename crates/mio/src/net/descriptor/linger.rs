//! What was written when a connection was dropped, and has not left the host yet.
//!
//! A host takes a write that the network has no room for into a buffer of its own, and throws that
//! away when the stream is dropped, as libc's `close` does. `close` of an operating system sends it
//! still, and so do we: such a connection is shut down, so that its peer is told of the end by the
//! host, and closed when the host has sent everything. At the end of the program what is left gets
//! [`LAST`]; a program that traps loses it.

use std::net::{Shutdown, TcpStream};
use std::os::fd::AsFd;
use std::sync::{Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use crate::raw;

/// How long the end of the program waits for slow peers.
const LAST: Duration = Duration::from_secs(5);

static LINGERING: Mutex<Vec<TcpStream>> = Mutex::new(Vec::new());

/// Closes a connection, now or when the host has sent what it took.
pub(super) fn close(stream: TcpStream) {
    static AT_EXIT: Once = Once::new();
    let mut lingering = LINGERING.lock().unwrap_or_else(PoisonError::into_inner);
    lingering.retain(has_unsent);
    // A connection that is broken has nothing to send, and says so here or there.
    if has_unsent(&stream) && stream.shutdown(Shutdown::Write).is_ok() {
        AT_EXIT.call_once(|| raw::at_exit(wait_for_all));
        lingering.push(stream);
    }
}

fn has_unsent(stream: &TcpStream) -> bool {
    !raw::wait_for_room(stream.as_fd(), Duration::ZERO)
}

extern "C" fn wait_for_all() {
    let deadline = Instant::now() + LAST;
    let mut lingering = LINGERING.lock().unwrap_or_else(PoisonError::into_inner);
    for stream in lingering.drain(..) {
        let left = deadline.saturating_duration_since(Instant::now());
        raw::wait_for_room(stream.as_fd(), left);
    }
}

//! How many handles of the host the sockets and look-ups of the program use, and may use.
//!
//! From version 48 on wasmtime ends a program that has 100 000 handles and needs one more, whatever it
//! is for. So one more is refused with an error while the others have what they may need.

use std::fmt;
use std::io;
use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::errors::static_error;

/// wasmtime's, without some for what else there is: timers, the standard streams, what other bindings
/// have.
const DEFAULT_LIMIT: usize = 96_000;

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static LIMIT: AtomicUsize = AtomicUsize::new(DEFAULT_LIMIT);

/// The most handles that a socket or a look-up has at a time.
pub(crate) struct Handles<const MOST: usize>(());

/// A socket or a look-up whose handles are counted.
pub(crate) struct Counted<S, const MOST: usize> {
    socket: S,
    _handles: Handles<MOST>,
}

impl<const MOST: usize> Handles<MOST> {
    /// Counts them until this is dropped. Fails at the limit.
    pub(crate) fn reserve() -> io::Result<Self> {
        add(MOST)?;
        Ok(Self(()))
    }

    pub(crate) fn of<S>(self, socket: S) -> Counted<S, MOST> {
        Counted {
            socket,
            _handles: self,
        }
    }
}

impl<const MOST: usize> Drop for Handles<MOST> {
    fn drop(&mut self) {
        IN_USE.fetch_sub(MOST, Ordering::Relaxed);
    }
}

impl<S, const MOST: usize> Deref for Counted<S, MOST> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.socket
    }
}

impl<S: fmt::Debug, const MOST: usize> fmt::Debug for Counted<S, MOST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.fmt(f)
    }
}

/// Once for all kinds of sockets: see [`Handles::reserve`].
#[inline(never)]
fn add(handles: usize) -> io::Result<()> {
    let in_use = IN_USE.load(Ordering::Relaxed) + handles;
    if in_use > LIMIT.load(Ordering::Relaxed) {
        return Err(limit_reached());
    }
    // No thread counts at the same time: there are none.
    IN_USE.store(in_use, Ordering::Relaxed);
    Ok(())
}

/// See [`net::set_handle_limit`](crate::net::set_handle_limit).
pub(crate) fn set_limit(handles: usize) {
    LIMIT.store(handles, Ordering::Relaxed);
}

#[cold]
fn limit_reached() -> io::Error {
    static_error(
        io::ErrorKind::QuotaExceeded,
        "the sockets and look-ups of this program have as many handles of the host as they may: close some, or \
         raise the limit by `wasio::net::set_handle_limit` if the host allows more",
    )
}

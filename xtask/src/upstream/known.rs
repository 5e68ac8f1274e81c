//! The tests that are known to fail, each with the reason.

use super::{Place, Wasi};

/// A failure that is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// What is in its last lines.
    pub(super) shows: &'static str,
    pub(super) why: &'static str,
    /// Whether it fails each time. Once it passes, its line here has to go.
    pub(super) always: bool,
}

/// What is known of a test of a file.
pub(super) fn of(place: &Place<'_>, file: &str, test: &str) -> Option<Known> {
    Some(match (place.wasi, place.host, file, test) {
        (Some(Wasi::P2 | Wasi::P3), _, "tcp_into_std", "tcp_into_std") => Known {
            shows: "Socket not connected",
            why: "a resource of the host cannot become a socket of std",
            always: true,
        },
        (Some(Wasi::P2), "wasmtime46", "udp", "send_to_recv_closed_returns_err") => Known {
            shows: "timed out instead of returning error",
            why: "the host returns the error of a closed port only with the next datagram",
            always: true,
        },
        (
            None,
            _,
            "waker",
            "using_multiple_wakers_panics"
            | "using_multiple_wakers_panics_different_cloned_registries",
        ) => Known {
            shows: "this `Poll` already has a `Waker`",
            why: "a second waker is an error of wasio, and a panic of mio",
            always: true,
        },
        (None, _, "fs_try_exists", "try_exists") => Known {
            shows: "called `Option::unwrap()` on a `None` value",
            why: "root, as which it runs, may read in a folder without permissions",
            always: false,
        },
        _ => return None,
    })
}

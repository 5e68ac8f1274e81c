//! mio on WASI 0.2: libc's `poll`, which creates new pollables in every poll.

use super::{Peer, Place, in_peers};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "mio-p2",
    about: "mio 1.2.5 on wasm32-wasip2, which leaves accepting to the standard library",
    place: Place::Wasi02,
    in_quick: true,
    protocol: Protocol::Echo,
    server: in_peers("mio-echo", "mio-echo", Some("wasm32-wasip2")),
    // Writable connections are always ready there, and the host polls at most 128 pollables in such
    // a wait. So it serves at most 64 connections.
    both: None,
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 4_000,
};

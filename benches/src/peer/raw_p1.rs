//! The host's own cost: one flat array, without a library.

use super::{Peer, Place, in_peers};

pub(super) const PEER: Peer = Peer {
    name: "raw",
    about: "a loop on poll_oneoff with one flat array, on wasm32-wasip1",
    place: Place::Wasi01,
    echo: in_peers("raw-echo", Some("wasm32-wasip1")),
    both: None,
    timers: None,
    wake: None,
    most_connections: 4_000,
};

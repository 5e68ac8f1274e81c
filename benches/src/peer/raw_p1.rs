//! One flat array without a library, which shows the cost of the host.

use super::{Peer, Place, in_peers};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "raw",
    about: "a loop on poll_oneoff with one flat array, on wasm32-wasip1",
    place: Place::Wasi01,
    in_quick: true,
    protocol: Protocol::Echo,
    server: in_peers("raw-echo", "raw-echo", Some("wasm32-wasip1")),
    both: None,
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 4_000,
};

//! mio on WASI 0.1: level-triggered, and every descriptor is checked in every poll.

use super::{Peer, Place, in_peers};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "mio",
    about: "mio 1.2.5 on wasm32-wasip1",
    place: Place::Wasi01,
    in_quick: true,
    protocol: Protocol::Echo,
    server: in_peers("mio-echo", "mio-echo", Some("wasm32-wasip1")),
    both: Some("--both"),
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 1_000,
};

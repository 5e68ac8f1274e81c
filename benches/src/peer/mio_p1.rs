//! mio on WASI 0.1: level-triggered, every descriptor looked at in every poll.

use super::{Peer, Place, in_peers};

pub(super) const PEER: Peer = Peer {
    name: "mio",
    about: "mio 1.2.5 on wasm32-wasip1",
    place: Place::Wasi01,
    echo: in_peers("mio-echo", Some("wasm32-wasip1")),
    both: Some("--both"),
    timers: None,
    wake: None,
    most_connections: 1_000,
};

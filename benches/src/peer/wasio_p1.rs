//! wasio on WASI 0.1: what this is about.

use super::{Peer, Place, in_peers};

pub(super) const PEER: Peer = Peer {
    name: "wasio",
    about: "wasio on wasm32-wasip1",
    place: Place::Wasi01,
    echo: in_peers("wasio-echo", Some("wasm32-wasip1")),
    both: Some("--both"),
    timers: Some(in_peers("wasio-measure", Some("wasm32-wasip1"))),
    wake: Some(in_peers("wasio-measure", Some("wasm32-wasip1-threads"))),
    most_connections: 10_000,
};

//! wasio on WASI 0.1.

use super::{Peer, Place, in_peers};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "wasio",
    about: "wasio on wasm32-wasip1",
    place: Place::Wasi01,
    in_quick: true,
    protocol: Protocol::Echo,
    server: in_peers("wasio-echo", "wasio-echo", Some("wasm32-wasip1")),
    both: Some("--both"),
    prompt: Some("--prompt"),
    timers: Some(in_peers(
        "wasio-measure",
        "wasio-measure",
        Some("wasm32-wasip1"),
    )),
    wake: Some(in_peers(
        "wasio-measure",
        "wasio-measure",
        Some("wasm32-wasip1-threads"),
    )),
    sources: Some(in_peers(
        "wasio-measure",
        "wasio-sources",
        Some("wasm32-wasip1"),
    )),
    most_connections: 10_000,
};

//! wasio on WASI 0.2.

use super::{Peer, Place, in_peers};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "wasio-p2",
    about: "wasio on wasm32-wasip2",
    place: Place::Wasi02,
    in_quick: true,
    protocol: Protocol::Echo,
    server: in_peers("wasio-echo", "wasio-echo", Some("wasm32-wasip2")),
    both: Some("--both"),
    prompt: Some("--prompt"),
    timers: Some(in_peers(
        "wasio-measure",
        "wasio-measure",
        Some("wasm32-wasip2"),
    )),
    wake: None,
    sources: None,
    most_connections: 8_000,
};

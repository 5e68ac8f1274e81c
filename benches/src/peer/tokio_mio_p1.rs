//! tokio on mio, with the same source. It uses a full core from the first connection on.

use super::{Peer, Place, in_peers};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "tokio-mio-p1",
    about: "the same program on tokio with mio 1.2.5, on wasm32-wasip1",
    place: Place::Wasi01,
    in_quick: false,
    protocol: Protocol::Echo,
    server: in_peers("tokio-on-mio", "tokio-echo", Some("wasm32-wasip1")),
    both: None,
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 1_000,
};

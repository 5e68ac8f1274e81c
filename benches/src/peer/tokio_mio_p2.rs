//! tokio on mio, on WASI 0.2, where the standard library accepts.

use super::{Peer, Place, in_peers};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "tokio-mio-p2",
    about: "the same program on tokio with mio 1.2.5, on wasm32-wasip2",
    place: Place::Wasi02,
    in_quick: false,
    protocol: Protocol::Echo,
    server: in_peers("tokio-on-mio", "tokio-echo", Some("wasm32-wasip2")),
    both: None,
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 1_000,
};

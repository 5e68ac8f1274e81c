//! hyper on mio, on WASI 0.2, with the same source except for the listener.

use super::{Peer, Place, in_peers};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "hyper-mio-p2",
    about: "the same server on hyper and tokio with mio 1.2.5 and accepting left to the standard library, on wasm32-wasip2",
    place: Place::Wasi02,
    in_quick: false,
    protocol: Protocol::Http,
    server: in_peers("tokio-on-mio", "hyper-server", Some("wasm32-wasip2")),
    both: None,
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 1_000,
};

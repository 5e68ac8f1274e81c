//! hyper on mio, with the same source as on wasio.

use super::{Peer, Place, in_peers};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "hyper-mio-p1",
    about: "the same server on hyper and tokio with mio 1.2.5, on wasm32-wasip1",
    place: Place::Wasi01,
    in_quick: false,
    protocol: Protocol::Http,
    server: in_peers("tokio-on-mio", "hyper-server", Some("wasm32-wasip1")),
    both: None,
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 1_000,
};

//! hyper on wasio: the HTTP server of `examples/tokio`.

use super::{Peer, Place, in_examples};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "hyper-p1",
    about: "a server on hyper and tokio with the drop-in mio, on wasm32-wasip1",
    place: Place::Wasi01,
    in_quick: false,
    protocol: Protocol::Http,
    server: in_examples("hyper-server", "wasm32-wasip1"),
    both: None,
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 10_000,
};

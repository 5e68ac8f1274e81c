//! hyper on wasio, on WASI 0.2.

use super::{Peer, Place, in_examples};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "hyper-p2",
    about: "a server on hyper and tokio with the drop-in mio, on wasm32-wasip2",
    place: Place::Wasi02,
    in_quick: false,
    protocol: Protocol::Http,
    server: in_examples("hyper-server", "wasm32-wasip2"),
    both: None,
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 4_000,
};

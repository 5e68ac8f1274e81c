//! tokio on wasio: the echo server of `examples/tokio`.

use super::{Peer, Place, in_examples};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "tokio-p1",
    about: "a program on tokio with the drop-in mio, on wasm32-wasip1",
    place: Place::Wasi01,
    in_quick: false,
    protocol: Protocol::Echo,
    server: in_examples("tokio-echo", "wasm32-wasip1"),
    both: None,
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 10_000,
};

//! tokio on wasio, on WASI 0.2: the echo server of `examples/tokio`.

use super::{Peer, Place, in_examples};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "tokio-p2",
    about: "a program on tokio with the drop-in mio, on wasm32-wasip2",
    place: Place::Wasi02,
    in_quick: false,
    protocol: Protocol::Echo,
    server: in_examples("tokio-echo", "wasm32-wasip2"),
    both: None,
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 10_000,
};

//! tokio on wasio, on WASI 0.3: the echo server of `examples/tokio`.

use super::{Peer, Place, for_03, in_examples};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "tokio-p3",
    about: "a program on tokio with the drop-in mio, on WASI 0.3",
    place: Place::Wasi03,
    in_quick: false,
    protocol: Protocol::Echo,
    server: for_03(in_examples("tokio-echo", "wasm32-wasip2")),
    both: None,
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 10_000,
};

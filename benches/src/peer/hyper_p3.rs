//! hyper on wasio, on WASI 0.3.

use super::{Peer, Place, for_03, in_examples};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "hyper-p3",
    about: "a server on hyper and tokio with the drop-in mio, on WASI 0.3",
    place: Place::Wasi03,
    in_quick: false,
    protocol: Protocol::Http,
    server: for_03(in_examples("hyper-server", "wasm32-wasip2")),
    both: None,
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 10_000,
};

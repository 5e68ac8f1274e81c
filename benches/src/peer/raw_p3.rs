//! A loop on WASI 0.3 without a library, which shows the cost of the host.

use super::{Peer, Place, in_peers};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "raw-p3",
    about: "a loop on the operations of WASI 0.3, with a buffer per connection and nothing cancelled",
    place: Place::Wasi03,
    in_quick: true,
    protocol: Protocol::Echo,
    server: in_peers("raw-p3-echo", "raw-p3-echo", Some("wasm32-wasip2")),
    both: None,
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 10_000,
};

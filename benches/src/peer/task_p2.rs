//! wasio's own executor on WASI 0.2.

use super::{Peer, Place, in_peers};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "task-p2",
    about: "wasio's executor, with a task per connection, on wasm32-wasip2",
    place: Place::Wasi02,
    in_quick: false,
    protocol: Protocol::Echo,
    server: in_peers("wasio-task-echo", "wasio-task-echo", Some("wasm32-wasip2")),
    both: None,
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 8_000,
};

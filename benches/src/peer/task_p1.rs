//! wasio's own executor.

use super::{Peer, Place, in_peers};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "task-p1",
    about: "wasio's executor, with a task per connection, on wasm32-wasip1",
    place: Place::Wasi01,
    in_quick: false,
    protocol: Protocol::Echo,
    server: in_peers("wasio-task-echo", "wasio-task-echo", Some("wasm32-wasip1")),
    both: None,
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 10_000,
};

//! wasio's own executor on WASI 0.3.

use super::{Peer, Place, for_03, in_peers};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "task-p3",
    about: "wasio's executor, with a task per connection, on WASI 0.3",
    place: Place::Wasi03,
    in_quick: false,
    protocol: Protocol::Echo,
    server: for_03(in_peers(
        "wasio-task-echo",
        "wasio-task-echo",
        Some("wasm32-wasip2"),
    )),
    both: None,
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 10_000,
};

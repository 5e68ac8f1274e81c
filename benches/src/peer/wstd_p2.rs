//! wstd on WASI 0.2: one task per connection, and every wait polls all of them. On a host whose
//! calls share tokio's budget, like wasio-host, the 101st connection gets no answer.

use super::{Peer, Place, in_peers};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "wstd-p2",
    about: "wstd 0.6.8 on wasm32-wasip2",
    place: Place::Wasi02,
    in_quick: true,
    protocol: Protocol::Echo,
    server: in_peers("wstd-echo", "wstd-echo", Some("wasm32-wasip2")),
    both: None,
    prompt: None,
    timers: None,
    wake: None,
    sources: None,
    most_connections: 64,
};

//! mio on the selector of the system, which shows the cost of WebAssembly.

use super::{Peer, Place, in_peers};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "mio-native",
    about: "mio 1.2.5 on this machine's own selector, without wasm",
    place: Place::Native,
    in_quick: true,
    protocol: Protocol::Echo,
    server: in_peers("mio-echo", "mio-echo", None),
    both: Some("--both"),
    prompt: None,
    timers: None,
    wake: Some(in_peers("mio-measure", "mio-measure", None)),
    sources: None,
    most_connections: 10_000,
};

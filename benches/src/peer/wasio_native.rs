//! wasio on the selector of the system: the same server without WebAssembly.

use super::{Peer, Place, in_peers};
use crate::exchange::Protocol;

pub(super) const PEER: Peer = Peer {
    name: "wasio-native",
    about: "wasio on this machine's own selector, without wasm",
    place: Place::Native,
    in_quick: true,
    protocol: Protocol::Echo,
    server: in_peers("wasio-echo", "wasio-echo", None),
    both: Some("--both"),
    prompt: None,
    timers: Some(in_peers("wasio-measure", "wasio-measure", None)),
    wake: Some(in_peers("wasio-measure", "wasio-measure", None)),
    sources: None,
    most_connections: 10_000,
};

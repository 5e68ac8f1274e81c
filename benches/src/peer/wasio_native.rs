//! wasio on the system's own selector: the same server without wasm.

use super::{Peer, Place, in_peers};

pub(super) const PEER: Peer = Peer {
    name: "wasio-native",
    about: "wasio on this machine's own selector, without wasm",
    place: Place::Native,
    echo: in_peers("wasio-echo", None),
    both: Some("--both"),
    timers: Some(in_peers("wasio-measure", None)),
    wake: Some(in_peers("wasio-measure", None)),
    most_connections: 10_000,
};

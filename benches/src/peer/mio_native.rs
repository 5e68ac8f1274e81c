//! The system's own selector: what wasm costs.

use super::{Peer, Place, in_peers};

pub(super) const PEER: Peer = Peer {
    name: "mio-native",
    about: "mio 1.2.5 on this machine's own selector, without wasm",
    place: Place::Native,
    echo: in_peers("mio-echo", None),
    both: Some("--both"),
    timers: None,
    wake: Some(in_peers("mio-measure", None)),
    most_connections: 10_000,
};

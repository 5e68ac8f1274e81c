//! wasio on WASI 0.3.

use super::{FLAGS_OF_03, Peer, Place, in_peers};
use crate::artifact::Artifact;
use crate::exchange::Protocol;

/// A program of the peers, built for WASI 0.3.
const fn for_03(package: &'static str) -> Artifact {
    Artifact {
        flags: Some(FLAGS_OF_03),
        ..in_peers(package, package, Some("wasm32-wasip2"))
    }
}

pub(super) const PEER: Peer = Peer {
    name: "wasio-p3",
    about: "wasio on WASI 0.3",
    place: Place::Wasi03,
    in_quick: true,
    protocol: Protocol::Echo,
    server: for_03("wasio-echo"),
    both: Some("--both"),
    prompt: None,
    timers: Some(for_03("wasio-measure")),
    wake: None,
    sources: None,
    most_connections: 10_000,
};

//! wasio on WASI 0.3.

use super::{Peer, Place, for_03, in_peers};
use crate::artifact::Artifact;
use crate::exchange::Protocol;

/// A program of the peers.
const fn program(package: &'static str) -> Artifact {
    for_03(in_peers(package, package, Some("wasm32-wasip2")))
}

pub(super) const PEER: Peer = Peer {
    name: "wasio-p3",
    about: "wasio on WASI 0.3",
    place: Place::Wasi03,
    in_quick: true,
    protocol: Protocol::Echo,
    server: program("wasio-echo"),
    both: Some("--both"),
    prompt: None,
    timers: Some(program("wasio-measure")),
    wake: None,
    sources: None,
    most_connections: 10_000,
};

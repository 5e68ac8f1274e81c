//! The memory that the library uses per source, without that of a server.

use anyhow::Context;

use super::{Effort, Scenario};
use crate::metric::{self, Sample};
use crate::peer::{Built, Peer};
use crate::program::{self, Run};

#[derive(Debug)]
pub(super) struct Registered;

impl Scenario for Registered {
    fn name(&self) -> &'static str {
        "memory_registered"
    }

    fn about(&self) -> &'static str {
        "bytes allocated by the guest for descriptors that are registered READABLE and polled"
    }

    fn size_counts(&self) -> &'static str {
        "descriptors"
    }

    fn sizes(&self, _: Effort) -> Vec<usize> {
        // The second number is the worst case for arrays that double their capacity.
        vec![1_000, 1_100]
    }

    fn suits(&self, peer: &Peer, _: usize) -> bool {
        peer.sources.is_some()
    }

    fn varies(&self) -> bool {
        false
    }

    fn measure(&self, peer: &Built, size: usize, _: Effort) -> anyhow::Result<Sample> {
        let peer = peer.peer;
        let sources = peer
            .sources
            .as_ref()
            .context("the peer counts no sources")?;
        let run = Run {
            args: &[&size.to_string()],
            listeners: size,
            fuel: false,
        };
        let figures = program::run(sources, peer.place, run)?;
        Ok(vec![(metric::SOURCE, figures.get("source_bytes")?)])
    }
}

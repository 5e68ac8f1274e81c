//! The memory per connection.

use anyhow::Context;

use super::{Effort, Scenario};
use crate::client::open_idle;
use crate::metric::{self, Sample};
use crate::peer::{Built, Peer, Place};
use crate::server::Server;

#[derive(Debug)]
pub(super) struct Memory;

impl Scenario for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn about(&self) -> &'static str {
        "growth of the guest's memory per open connection, including the buffers of the server"
    }

    fn size_counts(&self) -> &'static str {
        "connections"
    }

    fn sizes(&self, effort: Effort) -> Vec<usize> {
        effort.pick(vec![1_000], vec![1_000, 8_000])
    }

    fn suits(&self, peer: &Peer, size: usize) -> bool {
        peer.place != Place::Native && size <= peer.most_connections
    }

    fn varies(&self) -> bool {
        false
    }

    fn measure(&self, peer: &Built, size: usize, _: Effort) -> anyhow::Result<Sample> {
        let server = peer.start()?;
        // The first connection allocates the buffers that all share.
        let first = open_idle(server.addr(), peer.peer.protocol, 1)?;
        let before = memory_bytes(&server)?;
        let rest = open_idle(server.addr(), peer.peer.protocol, size)?;
        let grown = memory_bytes(&server)? - before;
        drop((first, rest));
        server.end()?;
        Ok(vec![(metric::MEMORY, grown / size as f64)])
    }
}

fn memory_bytes(server: &Server) -> anyhow::Result<f64> {
    Ok(server.memory_bytes().context("the server is no guest")? as f64)
}

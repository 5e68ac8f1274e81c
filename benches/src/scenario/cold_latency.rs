//! A connection that was silent for long speaks while others are busy.

use std::time::Duration;

use super::{Effort, Scenario};
use crate::client::open_idle;
use crate::crowd::{Crowd, poke};
use crate::metric::{self, Sample};
use crate::peer::{Built, Peer};

/// Busy connections, enough to keep a server busy all the time.
const BUSY: usize = 16;
/// Between two connections that speak for the first time since long.
const PAUSE: Duration = Duration::from_millis(3);

#[derive(Debug)]
pub(super) struct ColdLatency {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// With the poll that finds cold sources sooner, of the servers that have one.
    pub(super) is_prompt: bool,
}

impl Scenario for ColdLatency {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn busy(&self) -> usize {
        BUSY
    }

    fn sizes(&self, _: Effort) -> Vec<usize> {
        vec![1_000]
    }

    fn suits(&self, peer: &Peer, size: usize) -> bool {
        size <= peer.most_connections && (!self.is_prompt || peer.prompt.is_some())
    }

    fn measure(&self, peer: &Built, size: usize, effort: Effort) -> anyhow::Result<Sample> {
        let prompt = peer.peer.prompt.filter(|_| self.is_prompt);
        let args: Vec<&str> = prompt.into_iter().collect();
        let server = peer.start_with(&args, false)?;
        let quiet = open_idle(server.addr(), peer.peer.protocol, size)?;
        let crowd = Crowd::connect(server.addr(), peer.peer.protocol, BUSY)?;
        let (latency_ns, busy) = poke(crowd, &quiet, PAUSE, effort.time() * 2)?;
        drop(quiet);
        server.end()?;
        let us = |ns: u64| ns as f64 / 1e3;
        Ok(vec![
            (metric::P50, us(latency_ns.value_at_quantile(0.5))),
            (metric::P99, us(latency_ns.value_at_quantile(0.99))),
            (metric::MAX, us(latency_ns.max())),
            (metric::THROUGHPUT, busy),
        ])
    }
}

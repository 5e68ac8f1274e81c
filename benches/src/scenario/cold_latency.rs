//! An idle connection sends a message while others are busy.

use std::time::Duration;

use super::{Effort, Scenario, figures};
use crate::client::open_idle;
use crate::crowd::{Crowd, poke};
use crate::metric::{self, Sample};
use crate::peer::{Built, Peer};

/// The number of busy connections, enough to keep a server always busy.
const BUSY: usize = 16;
/// The pause between two idle connections that send.
const PAUSE: Duration = Duration::from_millis(3);

#[derive(Debug)]
pub(super) struct ColdLatency {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    /// Whether to use the setting that makes a server see cold sources sooner, if it has one.
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

    fn sizes(&self, effort: Effort) -> Vec<usize> {
        effort.pick(vec![1_000], vec![1_000, 8_000])
    }

    fn suits(&self, peer: &Peer, size: usize) -> bool {
        size <= peer.most_connections && (!self.is_prompt || peer.prompt.is_some())
    }

    fn measure(&self, peer: &Built, size: usize, effort: Effort) -> anyhow::Result<Sample> {
        let prompt = peer.peer.prompt.filter(|_| self.is_prompt);
        let args: Vec<&str> = prompt.into_iter().collect();
        let server = peer.start_with(&args, false)?;
        let idle = open_idle(server.addr(), peer.peer.protocol, size)?;
        let crowd = Crowd::connect(server.addr(), peer.peer.protocol, BUSY)?;
        let measured = poke(crowd, &server, &idle, PAUSE, effort.time() * 2)?;
        drop(idle);
        server.end()?;
        let mut sample = figures(&measured);
        sample.push((metric::MAX, measured.latency_ns.max() as f64 / 1e3));
        Ok(sample)
    }
}

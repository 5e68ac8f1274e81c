//! Several busy connections at once.

use super::{Effort, Scenario, figures};
use crate::client::open_idle;
use crate::crowd::{Crowd, pummel};
use crate::exchange::Protocol;
use crate::metric::{self, Sample};
use crate::peer::Built;

#[derive(Debug)]
pub(super) struct Pummel {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) active: usize,
}

impl Scenario for Pummel {
    fn name(&self) -> &'static str {
        self.name
    }

    fn about(&self) -> &'static str {
        self.about
    }

    fn busy(&self) -> usize {
        self.active
    }

    fn sizes(&self, _: Effort) -> Vec<usize> {
        vec![0, 1_000]
    }

    fn speaks(&self) -> &[Protocol] {
        &[Protocol::Echo, Protocol::Http]
    }

    fn measure(&self, peer: &Built, size: usize, effort: Effort) -> anyhow::Result<Sample> {
        let server = peer.start()?;
        let idle = open_idle(server.addr(), peer.peer.protocol, size)?;
        let crowd = Crowd::connect(server.addr(), peer.peer.protocol, self.active)?;
        let (measured, fairness) = pummel(crowd, &server, effort.time())?;
        drop(idle);
        server.end()?;
        let mut sample = figures(&measured);
        sample.extend([
            (metric::SLOWEST, fairness.slowest_share * 100.0),
            (metric::MIDDLE, fairness.median_share * 100.0),
            (metric::GAP, fairness.longest_gap.as_secs_f64() * 1e3),
        ]);
        Ok(sample)
    }
}

//! New connections, each used once.

use std::time::Instant;

use super::{Effort, Scenario};
use crate::client::open_idle;
use crate::metric::{self, Sample};
use crate::peer::Built;

/// The number of connections that are open at the same time.
const AT_ONCE: usize = 100;

#[derive(Debug)]
pub(super) struct AcceptStorm;

impl Scenario for AcceptStorm {
    fn name(&self) -> &'static str {
        "accept_storm"
    }

    fn about(&self) -> &'static str {
        "a hundred at a time, connections are opened, echo a byte and are closed"
    }

    fn busy(&self) -> usize {
        AT_ONCE
    }

    fn sizes(&self, _: Effort) -> Vec<usize> {
        vec![0, 1_000]
    }

    fn measure(&self, peer: &Built, size: usize, effort: Effort) -> anyhow::Result<Sample> {
        let server = peer.start()?;
        let idle = open_idle(server.addr(), peer.peer.protocol, size)?;
        let storms = effort.pick(5, 40);
        let (start, cpu) = (Instant::now(), server.cpu_time());
        let mut opened = 0.0;
        for _ in 0..storms {
            opened += open_idle(server.addr(), peer.peer.protocol, AT_ONCE)?.len() as f64;
        }
        let elapsed = start.elapsed().as_secs_f64();
        let used = server.cpu_time().saturating_sub(cpu);
        drop(idle);
        server.end()?;
        Ok(vec![
            (metric::CONNECTIONS, opened / elapsed),
            (metric::CPU, used.as_secs_f64() * 1e6 / opened),
        ])
    }
}

//! All connections are idle.

use std::time::{Duration, Instant};

use super::{Effort, Scenario};
use crate::client::open_idle;
use crate::exchange::Protocol;
use crate::metric::{self, Sample};
use crate::peer::Built;

#[derive(Debug)]
pub(super) struct Idle;

impl Scenario for Idle {
    fn name(&self) -> &'static str {
        "idle"
    }

    fn about(&self) -> &'static str {
        "connections that have sent once, each registered READABLE and WRITABLE if the server can"
    }

    fn sizes(&self, effort: Effort) -> Vec<usize> {
        effort.pick(vec![1, 1_000], vec![1, 1_000, 8_000])
    }

    fn speaks(&self) -> &[Protocol] {
        &[Protocol::Echo, Protocol::Http]
    }

    fn measure(&self, peer: &Built, size: usize, effort: Effort) -> anyhow::Result<Sample> {
        let both: Vec<&str> = peer.peer.both.into_iter().collect();
        let server = peer.start_with(&both, false)?;
        let idle = open_idle(server.addr(), peer.peer.protocol, size)?;
        // Long enough that the one-time cost of becoming idle hardly matters.
        let time = effort.time().max(Duration::from_secs(2));
        let (start, cpu) = (Instant::now(), server.cpu_time());
        std::thread::sleep(time);
        let used = server.cpu_time().saturating_sub(cpu);
        let share = used.as_secs_f64() / start.elapsed().as_secs_f64();
        drop(idle);
        server.end()?;
        Ok(vec![(metric::IDLE_CPU, share * 100.0)])
    }
}

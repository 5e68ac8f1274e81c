//! One busy connection among idle ones.

use super::{Effort, Scenario, figures};
use crate::client::{open_idle, ping_pong};
use crate::exchange::{Protocol, SMALL_BYTES};
use crate::metric::Sample;
use crate::peer::Built;

#[derive(Debug)]
pub(super) struct PingPong;

impl Scenario for PingPong {
    fn name(&self) -> &'static str {
        "ping_pong"
    }

    fn about(&self) -> &'static str {
        "one connection sends 64 bytes and waits for them, beside idle connections"
    }

    fn sizes(&self, effort: Effort) -> Vec<usize> {
        effort.pick(vec![0, 1_000, 4_000], vec![0, 100, 1_000, 4_000, 8_000])
    }

    fn speaks(&self) -> &[Protocol] {
        &[Protocol::Echo, Protocol::Http]
    }

    fn measure(&self, peer: &Built, size: usize, effort: Effort) -> anyhow::Result<Sample> {
        let exchange = peer.peer.protocol.exchange(&[0x5a; SMALL_BYTES]);
        let server = peer.start()?;
        let idle = open_idle(server.addr(), peer.peer.protocol, size)?;
        let measured = ping_pong(&server, &exchange, effort.time())?;
        drop(idle);
        server.end()?;
        Ok(figures(&measured))
    }
}

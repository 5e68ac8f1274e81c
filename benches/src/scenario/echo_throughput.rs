//! Large messages on one connection.

use super::{Effort, Scenario, figures};
use crate::client::ping_pong;
use crate::metric::{self, Sample};
use crate::peer::Built;

const LARGE_BYTES: usize = 64 * 1024;
const GIB: f64 = 1_073_741_824.0;

#[derive(Debug)]
pub(super) struct EchoThroughput;

impl Scenario for EchoThroughput {
    fn name(&self) -> &'static str {
        "echo_throughput"
    }

    fn about(&self) -> &'static str {
        "one connection sends 64 KiB and waits for them"
    }

    fn sizes(&self, _: Effort) -> Vec<usize> {
        vec![0]
    }

    fn measure(&self, peer: &Built, _: usize, effort: Effort) -> anyhow::Result<Sample> {
        let message: Vec<u8> = (0..=u8::MAX).cycle().take(LARGE_BYTES).collect();
        let exchange = peer.peer.protocol.exchange(&message);
        let server = peer.start()?;
        let measured = ping_pong(&server, &exchange, effort.time())?;
        server.end()?;
        let bytes = measured.round_trips as f64 * LARGE_BYTES as f64;
        let bandwidth = bytes / GIB / measured.elapsed.as_secs_f64();
        let mut sample = vec![(metric::BANDWIDTH, bandwidth)];
        sample.extend(figures(&measured));
        Ok(sample)
    }
}

//! Connections that are opened one after the other and stay open.

use std::time::Instant;

use super::{Effort, Scenario};
use crate::client::round_trip;
use crate::metric::{self, Sample};
use crate::peer::Built;

#[derive(Debug)]
pub(super) struct Opening;

impl Scenario for Opening {
    fn name(&self) -> &'static str {
        "opening"
    }

    fn about(&self) -> &'static str {
        "connections are opened one after the other, each echoes a byte and stays open"
    }

    fn size_counts(&self) -> &'static str {
        "connections"
    }

    fn sizes(&self, effort: Effort) -> Vec<usize> {
        effort.pick(vec![1_000], vec![1_000, 8_000])
    }

    fn measure(&self, peer: &Built, size: usize, _: Effort) -> anyhow::Result<Sample> {
        let server = peer.start()?;
        let exchange = peer.peer.protocol.exchange(&[1]);
        let mut streams = Vec::with_capacity(size);
        let (start, cpu) = (Instant::now(), server.cpu_time());
        for _ in 0..size {
            let mut stream = wasio_host::peer::connect(server.addr())?;
            round_trip(&mut stream, &exchange, &mut [0])?;
            streams.push(stream);
        }
        let elapsed = start.elapsed();
        let used = server.cpu_time().saturating_sub(cpu);
        drop(streams);
        server.end()?;
        let each = |seconds: f64| seconds * 1e6 / size as f64;
        Ok(vec![
            (metric::OPENING, each(elapsed.as_secs_f64())),
            (metric::CPU, each(used.as_secs_f64())),
        ])
    }
}

//! One thread wakes another one that waits.

use anyhow::Context;

use super::{Effort, Scenario};
use crate::metric::{self, Sample};
use crate::peer::{Built, Peer};
use crate::program::{self, Run};

#[derive(Debug)]
pub(super) struct WakeLatency;

impl Scenario for WakeLatency {
    fn name(&self) -> &'static str {
        "wake_latency"
    }

    fn about(&self) -> &'static str {
        "a thread wakes another out of its wait, which has a descriptor in it or none"
    }

    fn size_counts(&self) -> &'static str {
        "descriptors"
    }

    fn sizes(&self, _: Effort) -> Vec<usize> {
        vec![0, 1]
    }

    fn suits(&self, peer: &Peer, _: usize) -> bool {
        peer.wake.is_some()
    }

    fn measure(&self, peer: &Built, size: usize, effort: Effort) -> anyhow::Result<Sample> {
        let wake = peer.peer.wake.as_ref().context("the peer has no threads")?;
        let count = effort.pick("100", "1000");
        let args = ["wake", count, "--descriptor"];
        let args = if size == 0 { &args[..2] } else { &args[..] };
        let run = Run {
            args,
            listeners: 1,
            fuel: false,
        };
        let figures = program::run(wake, peer.peer.place, run)?;
        Ok(vec![
            (metric::P50, figures.get("p50_us")?),
            (metric::P99, figures.get("p99_us")?),
            (metric::MAX, figures.get("max_us")?),
        ])
    }
}

//! As many timers as in the benches of libuv and libxev.

use anyhow::Context;

use super::{Effort, Scenario};
use crate::metric::{self, Sample};
use crate::peer::{Built, Peer, Place};
use crate::program::{self, Run};

#[derive(Debug)]
pub(super) struct MillionTimers;

impl Scenario for MillionTimers {
    fn name(&self) -> &'static str {
        "million_timers"
    }

    fn about(&self) -> &'static str {
        "timers are inserted and fire, then inserted and cancelled; a thousand share a deadline"
    }

    fn size_counts(&self) -> &'static str {
        "timers"
    }

    fn sizes(&self, _: Effort) -> Vec<usize> {
        // With ten times as many, the cost per timer should hardly grow.
        vec![100_000, 1_000_000]
    }

    fn suits(&self, peer: &Peer, _: usize) -> bool {
        peer.timers.is_some()
    }

    fn measure(&self, peer: &Built, size: usize, _: Effort) -> anyhow::Result<Sample> {
        let peer = peer.peer;
        let timers = peer.timers.as_ref().context("the peer has no timers")?;
        let count = size.to_string();
        let run = |fuel| {
            let run = Run {
                args: &["timers", &count],
                listeners: 1,
                fuel,
            };
            program::run(timers, peer.place, run)
        };
        let figures = run(false)?;
        let mut sample = vec![
            (metric::INSERT, figures.get("insert_ns")?),
            (metric::FIRE, figures.get("fire_ns")?),
            (metric::CANCEL, figures.get("cancel_ns")?),
        ];
        if peer.place != Place::Native {
            // A separate run, because counting takes time.
            let fuel = run(true)?.fuel.context("the host counted no fuel")?;
            sample.push((metric::TIMER_FUEL, fuel as f64 / size as f64));
        }
        Ok(sample)
    }
}

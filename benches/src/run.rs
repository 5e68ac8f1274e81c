//! Runs every scenario with every peer, in alternating order.

use std::time::{Duration, Instant};

use anyhow::ensure;
use indicatif::{ProgressBar, ProgressStyle};

use crate::peer::Built;
use crate::results::{Results, Subject};
use crate::scenario::{Effort, Scenario};

/// How long the machine is kept busy before the first measurement that counts. After a build the
/// machine is idle for a while, and its first seconds are up to a third slower.
const WARM_UP: Duration = Duration::from_secs(3);

/// What to measure.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The scenarios.
    pub scenarios: Vec<&'a dyn Scenario>,
    /// The servers.
    pub peers: Vec<Built>,
    /// How much time to spend.
    pub effort: Effort,
    /// The sizes. All sizes if this is empty.
    pub sizes: Vec<usize>,
}

/// One measurement of a plan.
struct Step<'a> {
    scenario: &'a dyn Scenario,
    peer: &'a Built,
    size: usize,
    round: usize,
}

impl Plan<'_> {
    /// Measures everything. A failure is recorded, and the rest continues.
    ///
    /// # Errors
    /// There is nothing to measure, or the progress bar cannot be created.
    pub fn run(&self) -> anyhow::Result<Results> {
        let steps = self.steps();
        ensure!(
            !steps.is_empty(),
            "nothing to measure: no chosen scenario has such a size, or such a peer (see --list)"
        );
        let template = "{wide_bar} {pos} of {len}, {elapsed}, {msg:32}";
        let bar = ProgressBar::new(steps.len() as u64);
        bar.set_style(ProgressStyle::with_template(template)?);
        bar.enable_steady_tick(Duration::from_millis(500));
        bar.set_message("warming up");
        self.warm_up(&steps);
        let mut results = Results::default();
        for step in steps {
            let subject = Subject {
                scenario: step.scenario.name(),
                size: step.size,
                peer: step.peer.peer.name,
            };
            let what = format!("{} {} {}", subject.scenario, subject.size, subject.peer);
            bar.set_message(what.clone());
            match step.scenario.measure(step.peer, step.size, self.effort) {
                Ok(sample) => results.add(subject, step.round, sample),
                Err(error) => results.failures.push(format!("{what}: {error:#}")),
            }
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(results)
    }

    /// Runs the first measurement without recording it. A failure would occur again when it counts.
    fn warm_up(&self, steps: &[Step<'_>]) {
        let start = Instant::now();
        for step in steps.iter().filter(|step| step.scenario.varies()).cycle() {
            if start.elapsed() > WARM_UP {
                return;
            }
            let _ = step.scenario.measure(step.peer, step.size, self.effort);
        }
    }

    /// Every other round is in the reverse order, so that no peer is always measured after the same
    /// other one.
    fn steps(&self) -> Vec<Step<'_>> {
        let mut steps = Vec::new();
        for scenario in &self.scenarios {
            let rounds = if scenario.varies() {
                self.effort.rounds()
            } else {
                1
            };
            let mut sizes = scenario.sizes(self.effort);
            sizes.retain(|size| self.sizes.is_empty() || self.sizes.contains(size));
            for size in sizes {
                for round in 0..rounds {
                    let suited = self
                        .peers
                        .iter()
                        .filter(|peer| scenario.takes(peer.peer, size));
                    let mut pair: Vec<_> = suited
                        .map(|peer| Step {
                            scenario: *scenario,
                            peer,
                            size,
                            round,
                        })
                        .collect();
                    if !round.is_multiple_of(2) {
                        pair.reverse();
                    }
                    steps.extend(pair);
                }
            }
        }
        steps
    }
}

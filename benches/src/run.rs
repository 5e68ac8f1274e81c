//! Runs every scenario with every peer, in alternating order.

use std::time::{Duration, Instant};

use anyhow::ensure;
use indicatif::{ProgressBar, ProgressStyle};

use crate::peer::{Built, Peer};
use crate::results::{Results, Subject};
use crate::scenario::{Effort, Scenario};

/// How long the machine is kept busy before the first measurement that counts. After a build the
/// machine is idle for a while, and its first seconds are up to a third slower.
const WARM_UP: Duration = Duration::from_secs(3);

/// What to measure, whichever servers there are.
#[derive(Debug)]
pub struct Choice<'a> {
    /// The scenarios.
    pub scenarios: Vec<&'a dyn Scenario>,
    /// How much time to spend.
    pub effort: Effort,
    /// The sizes. All sizes if this is empty.
    pub sizes: Vec<usize>,
}

/// What to measure with which servers.
#[derive(Debug)]
pub struct Plan<'a> {
    /// The scenarios and their sizes.
    pub choice: Choice<'a>,
    /// The servers.
    pub peers: Vec<Built>,
}

/// One measurement of a plan.
struct Step<'a> {
    scenario: &'a dyn Scenario,
    peer: &'a Built,
    size: usize,
    round: usize,
}

impl Choice<'_> {
    /// Whether a scenario is run with `peer`.
    #[must_use]
    pub fn takes(&self, peer: &Peer) -> bool {
        let takes = |one: &&dyn Scenario| {
            let sizes = self.sizes_of(*one);
            sizes.into_iter().any(|size| one.takes(peer, size))
        };
        self.scenarios.iter().any(takes)
    }

    /// # Errors
    /// No scenario has such a size, or none is run with any of `peers`.
    pub fn check(&self, peers: &[&Peer]) -> anyhow::Result<()> {
        let all = self.scenarios.iter().map(|one| one.sizes(self.effort));
        let mut all: Vec<_> = all.flatten().collect();
        all.sort_unstable();
        all.dedup();
        for size in &self.sizes {
            ensure!(
                all.contains(size),
                "no chosen scenario has the size {size}: there are {all:?}"
            );
        }
        ensure!(
            peers.iter().any(|peer| self.takes(peer)),
            "nothing to measure: no chosen scenario takes such a peer with such a size (see --list)"
        );
        Ok(())
    }

    fn sizes_of(&self, scenario: &dyn Scenario) -> Vec<usize> {
        let mut sizes = scenario.sizes(self.effort);
        sizes.retain(|size| self.sizes.is_empty() || self.sizes.contains(size));
        sizes
    }
}

impl Plan<'_> {
    /// Measures everything. A failure is recorded, and the rest continues.
    ///
    /// # Errors
    /// The progress bar cannot be created.
    pub fn run(&self) -> anyhow::Result<Results> {
        let (steps, effort) = (self.steps(), self.choice.effort);
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
            match step.scenario.measure(step.peer, step.size, effort) {
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
            let effort = self.choice.effort;
            let _ = step.scenario.measure(step.peer, step.size, effort);
        }
    }

    /// Every other round is in the reverse order, so that no peer is always measured after the same
    /// other one.
    fn steps(&self) -> Vec<Step<'_>> {
        let mut steps = Vec::new();
        for scenario in &self.choice.scenarios {
            let rounds = if scenario.varies() {
                self.choice.effort.rounds()
            } else {
                1
            };
            for size in self.choice.sizes_of(*scenario) {
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

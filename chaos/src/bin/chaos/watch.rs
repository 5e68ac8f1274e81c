//! Watches both hosts while the run lasts: that they live, and what they cost when nothing happens.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use wasio_chaos::plan;

use crate::backend::Backend;
use crate::host::Host;
use crate::shared::Shared;

const INTERVAL: Duration = Duration::from_millis(100);

/// A guest prints its counts each second. No fault keeps it from that for so long.
const MOST_SILENCE: Duration = Duration::from_secs(12);

/// How long before a measurement nothing was to move, and how long before loud times it ends.
const SETTLE: Duration = Duration::from_millis(1_300);
const MARGIN: Duration = Duration::from_millis(150);

/// A quiet time is measured in such parts, and its cheapest one counts: a busy machine makes one or
/// the other dear, and what spins does so in each.
const PART: Duration = Duration::from_millis(400);

const FEWEST_PARTS: usize = 2;

/// Descriptors beyond those of the connections: of dropped ones that still send, and of a moment ago.
const SPARE_DESCRIPTORS: u64 = 16;

/// What the quiet times showed.
#[derive(Debug, Default)]
pub(crate) struct Quiet {
    pub(crate) measured: u64,
    /// Those in which something moved to the end.
    pub(crate) disturbed: u64,
    /// Those in which the machine was too busy to measure.
    pub(crate) starved: u64,
    /// The highest share of a core and the most host calls per second, of server and client.
    pub(crate) cpu: [f64; 2],
    pub(crate) calls: [f64; 2],
    /// The memory of server and client in the first one.
    pub(crate) memory: Option<[u64; 2]>,
}

/// The counts of a moment.
struct Sample {
    at: Instant,
    moved: u64,
    /// The bytes of the server's standard input.
    input: u64,
    cpu: [Duration; 2],
    calls: [u64; 2],
}

enum Phase {
    Loud,
    Measuring(Vec<Sample>),
    Judged,
}

pub(crate) struct Watch<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) backend: Backend,
    /// The server's descriptors before the first connection.
    pub(crate) descriptors: u64,
    pub(crate) bar: ProgressBar,
}

impl Watch<'_> {
    /// Returns at the end of the run, or when something went wrong.
    pub(crate) fn watch(&self, hosts: &mut [&mut Host; 2]) -> Quiet {
        let mut quiet = Quiet::default();
        let mut phase = Phase::Loud;
        while self.shared.at() < self.shared.length && !self.shared.has_ended() {
            self.shared.sleep(INTERVAL);
            self.progress(hosts);
            for host in hosts.iter_mut() {
                self.check_alive(host);
            }
            self.go_on(hosts, &mut phase, &mut quiet);
        }
        quiet
    }

    fn progress(&self, [_, client]: &[&mut Host; 2]) {
        self.bar.set_position(self.shared.at().as_secs());
        self.bar.set_message(format!(
            "{} connections, {} MB, {} faults",
            client.count("done") + client.count("broken"),
            self.shared.counts.bytes.load(Ordering::Relaxed) / 1_000_000,
            self.shared.performed_count() as u64 + self.shared.counts.cuts.load(Ordering::Relaxed),
        ));
    }

    fn check_alive(&self, host: &mut Host) {
        if let Some(status) = host.ended()
            && self.shared.at() < self.shared.length
        {
            let (name, lines) = (host.name, host.last_lines());
            self.shared
                .violation(&format!("the {name} has ended with {status}: {lines}"));
        }
        let silence = host.counted().map_or(Duration::ZERO, |at| at.elapsed());
        if silence > MOST_SILENCE {
            let name = host.name;
            self.shared.violation(&format!(
                "the {name} has printed nothing for {silence:?}: its loop waits in vain, or does not end"
            ));
        }
    }

    /// Measures from some time after the start of a quiet time to its end.
    fn go_on(&self, hosts: &[&mut Host; 2], phase: &mut Phase, quiet: &mut Quiet) {
        match (plan::until_loud(self.shared.at()), &mut *phase) {
            (None, ended) => {
                // It was to be judged before its end.
                quiet.starved += u64::from(matches!(ended, Phase::Measuring(_)));
                *phase = Phase::Loud;
            }
            (Some(left), Phase::Loud) if left + SETTLE < plan::QUIET_LENGTH => {
                *phase = Phase::Measuring(vec![self.sample(hosts)]);
            }
            (Some(left), Phase::Measuring(samples)) => {
                let last = samples.last().map(|sample| sample.at);
                if last.is_some_and(|at| at.elapsed() > PART) {
                    samples.push(self.sample(hosts));
                }
                if left < MARGIN {
                    self.judge(hosts, samples, quiet);
                    *phase = Phase::Judged;
                }
            }
            _ => {}
        }
    }

    /// Compares what a quiet time has cost with what it may cost.
    fn judge(&self, hosts: &[&mut Host; 2], samples: &[Sample], quiet: &mut Quiet) {
        let samples = match still(samples) {
            Ok(samples) => samples,
            Err(Unfit::Disturbed) => {
                quiet.disturbed += 1;
                return;
            }
            Err(Unfit::Starved) => {
                quiet.starved += 1;
                return;
            }
        };
        quiet.measured += 1;
        for (index, host) in hosts.iter().enumerate() {
            let (cpu, calls) = cheapest_part(samples, index);
            quiet.cpu[index] = quiet.cpu[index].max(cpu);
            quiet.calls[index] = quiet.calls[index].max(calls);
            let name = host.name;
            if cpu > self.backend.most_idle_cpu() {
                let percent = cpu * 100.0;
                let parts = describe(samples, index);
                self.shared.violation(&format!(
                    "the {name} uses {percent:.1}% of a core while nothing moves: it spins ({parts})"
                ));
            }
            if calls > self.backend.most_idle_calls() {
                let parts = describe(samples, index);
                self.shared.violation(&format!(
                    "the {name} makes {calls:.0} host calls per second while nothing moves: it spins \
                     ({parts})"
                ));
            }
        }
        let [server, _] = hosts;
        // Counts from before are of what was still under way.
        if let Some(first) = samples.first()
            && server.counted() > Some(first.at)
        {
            self.judge_kept(server, first.input);
        }
        quiet
            .memory
            .get_or_insert_with(|| hosts.each_ref().map(|host| memory(host)));
    }

    /// Compares what the server keeps with what it needs, and what it has read with what was written.
    fn judge_kept(&self, server: &Host, written_before: u64) {
        let open = server.process.descriptors().len() as u64;
        let needed = self.descriptors + server.count("connections");
        if open > needed + SPARE_DESCRIPTORS {
            self.shared.violation(&format!(
                "the server has {open} descriptors where it needs {needed}: they leak"
            ));
        }
        let written = self.shared.counts.input.load(Ordering::SeqCst);
        let read = server.count("input");
        // A part may be written late, on a busy machine, and be under way.
        if read < written && written == written_before {
            self.shared.violation(&format!(
                "the server has read {read} bytes of its standard input, and {written} were written"
            ));
        }
    }

    fn sample(&self, hosts: &[&mut Host; 2]) -> Sample {
        Sample {
            at: Instant::now(),
            moved: self.shared.counts.bytes.load(Ordering::SeqCst),
            input: self.shared.counts.input.load(Ordering::SeqCst),
            cpu: hosts.each_ref().map(|host| host.process.cpu()),
            calls: hosts.each_ref().map(|host| host.stats().host_calls),
        }
    }
}

/// Why a quiet time is not measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Unfit {
    /// Bytes moved in its last part too.
    Disturbed,
    /// There are too few parts without movement to find a cheap one. The machine was too busy to take
    /// more, or to bring what was under way to its end in time.
    Starved,
}

/// The samples since the last movement.
fn still(samples: &[Sample]) -> Result<&[Sample], Unfit> {
    let last = samples.last().map(|sample| sample.moved);
    let first = samples.iter().position(|sample| Some(sample.moved) == last);
    let still = &samples[first.unwrap_or(0)..];
    if still.len() > FEWEST_PARTS {
        Ok(still)
    } else if still.len() == 1 && samples.len() > FEWEST_PARTS {
        Err(Unfit::Disturbed)
    } else {
        Err(Unfit::Starved)
    }
}

/// The share of a core and the host calls per second of one host, each in the part in which it is least.
fn cheapest_part(samples: &[Sample], index: usize) -> (f64, f64) {
    let parts = samples.windows(2).map(|part| {
        let [first, last] = [&part[0], &part[1]];
        let seconds = (last.at - first.at).as_secs_f64();
        let cpu = last.cpu[index].saturating_sub(first.cpu[index]);
        let calls = last.calls[index].saturating_sub(first.calls[index]);
        (cpu.as_secs_f64() / seconds, calls as f64 / seconds)
    });
    parts.fold((f64::MAX, f64::MAX), |least, part| {
        (least.0.min(part.0), least.1.min(part.1))
    })
}

/// What each part cost one host, for those who search for a cause.
fn describe(samples: &[Sample], index: usize) -> String {
    let part = |part: &[Sample]| {
        let [first, last] = [&part[0], &part[1]];
        let cpu = last.cpu[index].saturating_sub(first.cpu[index]);
        let calls = last.calls[index].saturating_sub(first.calls[index]);
        format!("{cpu:.1?} and {calls} calls in {:.0?}", last.at - first.at)
    };
    samples.windows(2).map(part).collect::<Vec<_>>().join(", ")
}

/// What grows when memory leaks: the memory of a guest, or of a program without a host.
pub(crate) fn memory(host: &Host) -> u64 {
    match host.stats().memory {
        0 => host.process.resident_bytes(),
        memory => memory,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(start: Instant, ms: u64, cpu_ms: u64, calls: u64) -> Sample {
        Sample {
            at: start + Duration::from_millis(ms),
            moved: 0,
            input: 0,
            cpu: [Duration::from_millis(cpu_ms), Duration::ZERO],
            calls: [calls, 0],
        }
    }

    #[test]
    fn only_what_moves_to_the_end_disturbs() {
        let start = Instant::now();
        let with = |moved: &[u64]| {
            let sample = |(index, moved): (u64, &u64)| Sample {
                moved: *moved,
                ..sample(start, index * 500, 0, 0)
            };
            let samples: Vec<_> = (0..).zip(moved).map(sample).collect();
            still(&samples).map(<[Sample]>::len)
        };
        assert_eq!(with(&[7, 7, 7, 7]), Ok(4));
        // What was under way came to its end, soon or late.
        assert_eq!(with(&[6, 7, 7, 7]), Ok(3));
        assert_eq!(with(&[5, 6, 7, 7]), Err(Unfit::Starved));
        assert_eq!(with(&[4, 5, 6, 7]), Err(Unfit::Disturbed));
        // Too few samples say nothing.
        assert_eq!(with(&[6, 7]), Err(Unfit::Starved));
        assert_eq!(with(&[7]), Err(Unfit::Starved));
        assert_eq!(with(&[]), Err(Unfit::Starved));
    }

    // One part is dear, as on a busy machine; what spins is dear in each.
    #[test]
    fn the_cheapest_part_counts() {
        let start = Instant::now();
        let busy = [(0, 0, 0), (500, 250, 5_000), (1_000, 251, 5_010)];
        let spins = [(0, 0, 0), (500, 400, 5_000), (1_000, 700, 9_000)];
        let samples =
            |all: [(u64, u64, u64); 3]| all.map(|(ms, cpu, calls)| sample(start, ms, cpu, calls));
        let (cpu, calls) = cheapest_part(&samples(busy), 0);
        assert!(
            (cpu - 0.002).abs() < 1e-9 && (calls - 20.0).abs() < 1e-9,
            "{cpu} {calls}"
        );
        let (cpu, calls) = cheapest_part(&samples(spins), 0);
        assert!(
            (cpu - 0.6).abs() < 1e-9 && (calls - 8_000.0).abs() < 1e-9,
            "{cpu} {calls}"
        );
    }
}

//! What a selector has learned of its host. WASI 0.1 hosts differ in ways that no call
//! tells, so wasio starts careful and lets what it sees make it quicker.

use super::answer::Answer;
use super::limit::Limit;
use crate::portable::LONGEST_WAIT_NS;
use crate::portable::hot_cold::FEW;

const MS: u64 = 1_000_000;

/// The first slice of a wait and the longest, as they double. A host that has not shown that it
/// returns when *one* source is ready may wait for all of them, or for the clock.
const CAREFUL_NS: (u64, u64) = (10 * MS, 50 * MS);
/// While another thread may wake or register, which no host can be told during a wait.
const SHARED_NS: (u64, u64) = (MS, 10 * MS);
/// On targets with threads, while no other thread has used the selector: the first time one does is
/// noticed so late at most. In slices of 200 ms a thousand idle sources cost 2% of a core.
const UNSHARED_NS: (u64, u64) = (50 * MS, 1_000 * MS);
/// A second handle may be the waiting thread's own (tokio keeps one): after so long without an event
/// its slices have this length. A thousand sources cost 10% of a core in short ones.
const QUIET_NS: (u64, u64) = (1_000 * MS, 200 * MS);

/// An answer of a host that reports all sources costs as much as this number of sweeps: wasi-common
/// takes 1.3 µs per source. With 1: a short pause beside 1 000 idle sources costs 1.4 ms.
const SWEEPS_PER_ANSWER: u64 = 7;
/// The non-blocking polls after which there is a test. Until one has reported a source, the next is a
/// wait of 1 ms. If none was fast, the next has a timeout of zero, which elsewhere means "forever".
const TEST_AFTER: u8 = 16;

/// The answers that must have been verified with this result before the host counts as prompt. One may
/// only seem so: what was ready may have been read elsewhere since. From then on waits have no clock,
/// and on a host that waits for all sources they would not end.
const PROOFS: u8 = 3;

/// Which length of slice a wait needs.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Sharing {
    /// No other thread exists.
    None,
    /// Others may exist, but none was seen.
    Possible,
    /// There is a second handle, which another thread may hold.
    Handle,
    /// Another thread has used the selector, or may wake it.
    Certain,
}

/// What is known of the host.
#[derive(Clone, Debug)]
pub(super) struct Quirks {
    /// Whether it reports all sources when any is ready; `None` before it is known.
    pub(super) reports_all: Option<bool>,
    /// Whether it was seen to return as soon as one of several sources was ready.
    pub(super) prompt: bool,
    /// The verified answers that have shown it so far.
    proofs: u8,
    /// Whether its waits were seen to end early: it rounds down to milliseconds.
    pub(super) coarse: bool,
    /// The most slots it takes in a call.
    pub(super) limit: Limit,
    /// Whether zero means zero, and not a nanosecond; `None` before it is known.
    zero_is_zero: Option<bool>,
    slow_zeros: u8,
    /// Whether a non-blocking poll was seen to report a source.
    zero_reports: bool,
    /// The non-blocking polls, and the sources swept, since the last wait of 1 ms in their place.
    zeros: usize,
    swept: usize,
    /// How long no wait has found a source.
    quiet_ns: u64,
}

impl Quirks {
    pub(super) const fn new() -> Self {
        Self {
            reports_all: None,
            prompt: false,
            proofs: 0,
            coarse: false,
            limit: Limit::new(),
            zero_is_zero: None,
            slow_zeros: 0,
            zero_reports: false,
            zeros: 0,
            swept: 0,
            quiet_ns: 0,
        }
    }

    /// Learns from an answer.
    pub(super) fn observe(&mut self, answer: &Answer) {
        let &Answer {
            call,
            reported,
            elapsed_ns,
            ..
        } = answer;
        if reported > 0 {
            self.quiet_ns = 0;
        } else {
            self.quiet_ns = self.quiet_ns.saturating_add(call.timeout_ns);
        }
        // What a wait of 1 ms saw says nothing about shorter ones.
        if call.is_poll && call.timeout_ns <= 1 {
            self.observe_zero(elapsed_ns, reported);
        }
    }

    fn observe_zero(&mut self, elapsed_ns: u64, reported: usize) {
        if reported > 0 {
            self.zero_reports = true;
        } else if elapsed_ns == u64::MAX || self.zero_is_zero.is_some() {
            // Not measured, or known.
        } else if elapsed_ns < MS {
            self.zero_is_zero = Some(false);
        } else {
            self.slow_zeros += 1;
            self.zero_is_zero = (self.slow_zeros == TEST_AFTER).then_some(true);
        }
    }

    /// Learns from an answer that reports some of the sources, and not all.
    pub(super) const fn observe_some_ready(&mut self, answer: &Answer) {
        if answer.is_early() {
            self.prompt = true;
        }
    }

    /// Learns from an answer that reports all sources, of which not all were ready when polled again.
    pub(super) const fn observe_some_verified(&mut self, answer: &Answer) {
        if answer.is_early() && !self.prompt {
            self.proofs += 1;
            self.prompt = self.proofs == PROOFS;
        }
    }

    /// Whether there is something to learn from how long a non-blocking poll takes.
    pub(super) const fn times_zeros(&self, asked: usize) -> bool {
        self.zero_is_zero.is_none() && asked <= FEW
    }

    /// The same for a wait.
    pub(super) const fn times_waits(&self, asked: usize) -> bool {
        asked > 1 && !self.prompt
    }

    /// The shortest timeout that does not mean "forever": zero is that on some hosts (wasmer, old
    /// WasmEdge), and a nanosecond was seen to sleep on others (wasmtime's own implementation).
    pub(super) fn shortest_ns(&self) -> u64 {
        u64::from(self.zero_is_zero != Some(true))
    }

    /// The timeout of one of the non-blocking polls that follow. Now and then a millisecond, for hosts
    /// that never report sources for less (uvwasi).
    pub(super) fn zero_timeout_ns(&mut self, polls: usize) -> u64 {
        if !self.zero_reports {
            self.zeros = self.zeros.saturating_add(polls);
            if self.zeros >= usize::from(TEST_AFTER) {
                self.zeros = 0;
                return MS;
            }
        }
        self.shortest_ns()
    }

    /// Whether the next chunk, of `sources` of the cold sources, is to be a wait of 1 ms on all of them
    /// for the same reason.
    pub(super) const fn escalates(&mut self, sources: usize, cold: usize) -> bool {
        if self.zero_reports {
            return false;
        }
        self.swept = self.swept.saturating_add(sources);
        let escalates = self.swept / TEST_AFTER as usize >= cold;
        if escalates {
            self.swept = 0;
        }
        escalates
    }

    /// The longest that one call may wait. `round` counts the calls of this select.
    pub(super) fn slice_ns(&self, sharing: Sharing, asked: usize, round: u32) -> u64 {
        let grown = |(first, max): (u64, u64)| first.saturating_mul(1 << round.min(8)).min(max);
        let shared = match sharing {
            Sharing::None => LONGEST_WAIT_NS,
            Sharing::Possible => grown(UNSHARED_NS),
            Sharing::Handle if self.quiet_ns >= QUIET_NS.0 => QUIET_NS.1,
            Sharing::Handle | Sharing::Certain => grown(SHARED_NS),
        };
        if self.prompt || asked < 2 {
            shared
        } else {
            shared.min(grown(CAREFUL_NS))
        }
    }

    /// The timeout to ask for to wait `ns`: up to the host's unit, if that is known to be larger.
    pub(super) const fn timeout_ns(&self, ns: u64) -> u64 {
        if ns >= LONGEST_WAIT_NS {
            LONGEST_WAIT_NS
        } else if self.coarse {
            ns.div_ceil(MS) * MS
        } else {
            ns
        }
    }

    /// Whether an answer about `slots` slots may say more than is so.
    pub(super) fn doubts(&self, asked: usize) -> bool {
        asked > 1 && self.reports_all != Some(false)
    }

    /// Whether nothing is left to learn from an answer to a wait on `slots` slots that reports
    /// something. An answer about one slot says nothing about how the host treats several.
    pub(super) const fn is_settled(&self, slots: usize) -> bool {
        slots < 2 || (self.prompt && self.reports_all.is_some())
    }

    /// What a wait on everything costs the host apart from sleeping, in sweeps. Nothing, as long as
    /// only such a wait can show that the host is prompt: it is then preferred.
    pub(super) fn sweeps_per_wait(&self) -> u64 {
        match self.reports_all {
            _ if !self.prompt => 0,
            Some(true) => SWEEPS_PER_ANSWER,
            _ => 1,
        }
    }
}

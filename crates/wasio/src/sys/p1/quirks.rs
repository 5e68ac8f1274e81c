//! What a selector has learned of its host. WASI 0.1 hosts differ in ways that no call
//! tells, so wasio starts careful and lets what it sees make it quicker.

const MS: u64 = 1_000_000;

/// What an answer is believed to cost a source before it was timed; wasi-common takes 1.3 µs.
const REPORT_SLOT_NS: u64 = 2_000;
/// Calls about fewer sources are dominated by what each call costs.
const REPORT_LEN: usize = 32;

/// No wait is longer: some hosts keep milliseconds in an i32. 24 days.
pub(super) const LONGEST_WAIT_NS: u64 = (i32::MAX as u64) * MS;
/// A host that has not shown that it returns when *one* source is ready may wait
/// for all of them, or for the clock: it is asked again so often.
const CAREFUL_FIRST_NS: u64 = 10 * MS;
const CAREFUL_MAX_NS: u64 = 50 * MS;
/// While another thread may wake or register, which no host can be told during a wait.
const SHARED_FIRST_NS: u64 = MS;
const SHARED_MAX_NS: u64 = 10 * MS;
/// The same for what nobody did yet, while nothing has happened for a time: a handle may also be
/// the waiting thread's own (tokio keeps one), and a thousand sources cost 10% of a core in short slices.
const QUIET_NS: u64 = 1_000 * MS;
const QUIET_SLICE_NS: u64 = 200 * MS;
/// On targets with threads, while no other thread was seen to use the selector: what one
/// does for the first time, and without a handle of its own, is seen so late at most.
const UNSHARED_FIRST_NS: u64 = 50 * MS;
/// And so much more for each slot, which costs the host 0.2 to 2 µs a call.
const UNSHARED_SLOT_NS: u64 = MS / 10;
/// While nothing happens the slices double up to this: a thousand sources then cost less
/// than half a percent of a core.
const UNSHARED_MAX_NS: u64 = 1_000 * MS;

/// A non-blocking poll that takes longer has slept. Judged on few sources only.
const SLOW_ZERO_NS: u64 = MS / 2;
const SLOW_ZERO_LEN: usize = 64;
/// So many, and none that was quick, as each may have been preempted: on a host that does not sleep
/// a zero may be for ever. There half of a millisecond passes in one poll of a thousand, if that.
const SLOW_ZEROS: u8 = 8;
/// Until a non-blocking poll has reported a source, one of so many is a wait of 1 ms.
const ESCALATE_EVERY: u8 = 16;

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

#[derive(Clone, Debug)]
pub(super) struct Quirks {
    /// Whether it reports all sources when any is ready; `None` before it is known.
    pub(super) reports_all: Option<bool>,
    /// Whether it was seen to return as soon as one of several sources was ready.
    pub(super) prompt: bool,
    /// Whether its waits were seen to end early: it rounds down to milliseconds.
    coarse: bool,
    /// The most slots it takes in a call.
    pub(super) limit: usize,
    /// Whether zero means zero, and not a nanosecond.
    pub(super) zero_is_zero: bool,
    /// Whether a non-blocking poll was seen to report a source.
    zero_reports: bool,
    /// How many slept, as long as it is not known whether they do.
    slow_zeros: u8,
    /// Whether one was seen that did not sleep.
    quick_zeros: bool,
    zeros: u8,
    /// The cold sources that looks were at, as long as none was reported.
    looked_at: usize,
    /// What an answer costs a source that was asked about, at most: the least
    /// that a call with an answer has taken, which may have waited too.
    report_slot_ns: u64,
    /// How long no wait has found a source.
    quiet_ns: u64,
}

impl Quirks {
    pub(super) const fn new() -> Self {
        Self {
            reports_all: None,
            prompt: false,
            coarse: false,
            limit: usize::MAX,
            zero_is_zero: false,
            zero_reports: false,
            slow_zeros: 0,
            quick_zeros: false,
            zeros: 0,
            looked_at: 0,
            report_slot_ns: REPORT_SLOT_NS,
            quiet_ns: 0,
        }
    }

    /// The timeout of a non-blocking poll. One nanosecond at first: zero is for ever on
    /// some hosts (wasmer, old WasmEdge). Zero where one nanosecond was seen to sleep
    /// (wasmtime's own implementation). Now and then a millisecond, for hosts that never report sources for less (uvwasi).
    pub(super) fn zero_timeout_ns(&mut self) -> u64 {
        if !self.zero_reports {
            self.zeros = (self.zeros + 1) % ESCALATE_EVERY;
            if self.zeros == 0 {
                return MS;
            }
        }
        u64::from(!self.zero_is_zero)
    }

    /// The same for a look at some of the cold sources.
    pub(super) const fn look_timeout_ns(&self) -> u64 {
        !self.zero_is_zero as u64
    }

    /// Whether the next look, at so many of the cold sources, is to be a wait of 1 ms on all of them.
    pub(super) const fn escalates(&mut self, sources: usize, cold: usize) -> bool {
        if self.zero_reports {
            return false;
        }
        self.looked_at = self.looked_at.saturating_add(sources);
        let escalates = self.looked_at / ESCALATE_EVERY as usize >= cold;
        if escalates {
            self.looked_at = 0;
        }
        escalates
    }

    /// Whether the next non-blocking polls should be timed.
    pub(super) const fn times_zeros(&self, asked: usize) -> bool {
        !self.zero_is_zero && !self.quick_zeros && asked <= SLOW_ZERO_LEN
    }

    pub(super) const fn zero_took(&mut self, timeout_ns: u64, elapsed_ns: u64, reported: bool) {
        // What a wait of 1 ms saw says nothing about shorter ones.
        if timeout_ns > 1 {
            return;
        }
        if reported {
            self.zero_reports = true;
            return;
        }
        // Not timed, or known by now.
        if elapsed_ns == u64::MAX || self.zero_is_zero || self.quick_zeros {
            return;
        }
        if elapsed_ns <= SLOW_ZERO_NS {
            self.quick_zeros = true;
            return;
        }
        self.slow_zeros += 1;
        self.zero_is_zero = self.slow_zeros == SLOW_ZEROS;
    }

    /// The longest that one call may wait. `round` counts the calls of this select.
    pub(super) fn slice_ns(&self, sharing: Sharing, asked: usize, round: u32) -> u64 {
        let grown = |first: u64, max: u64| first.saturating_mul(1 << round.min(8)).min(max);
        let shared = match sharing {
            Sharing::None => LONGEST_WAIT_NS,
            Sharing::Possible => {
                let first = UNSHARED_FIRST_NS.saturating_add(asked as u64 * UNSHARED_SLOT_NS);
                grown(first, UNSHARED_MAX_NS.max(first))
            }
            Sharing::Handle if self.quiet_ns >= QUIET_NS => QUIET_SLICE_NS,
            Sharing::Handle | Sharing::Certain => grown(SHARED_FIRST_NS, SHARED_MAX_NS),
        };
        if self.prompt || asked < 2 {
            shared
        } else {
            shared.min(grown(CAREFUL_FIRST_NS, CAREFUL_MAX_NS))
        }
    }

    /// Takes note of a wait: what it was to take, and whether it found a source.
    pub(super) const fn waited(&mut self, timeout_ns: u64, found: bool) {
        self.quiet_ns = if found {
            0
        } else {
            self.quiet_ns.saturating_add(timeout_ns)
        };
    }

    /// Whether an answer about so many slots may say more than is so.
    pub(super) fn doubts(&self, asked: usize) -> bool {
        asked > 1 && self.reports_all != Some(false)
    }

    /// Whether nothing is left to learn from an answer to a wait on so many slots that reports
    /// something. An answer about one slot says nothing about how the host treats several.
    pub(super) const fn is_settled(&self, slots: usize) -> bool {
        slots < 2 || (self.prompt && self.reports_all.is_some())
    }

    /// The timeout to ask for to wait `ns`: up to the host's unit, if that is known to be larger.
    pub(super) const fn timeout_ns(&self, ns: u64) -> u64 {
        let ns = if self.coarse {
            ns.div_ceil(MS) * MS
        } else {
            ns
        };
        if ns > LONGEST_WAIT_NS {
            LONGEST_WAIT_NS
        } else {
            ns
        }
    }

    /// Takes note that a wait ended with nothing before its time.
    pub(super) const fn ended_early(&mut self) {
        self.coarse = true;
    }

    /// Takes note of a wait that reported some of the sources, and not all. Less
    /// than a millisecond before its time says nothing: that may have been rounded away.
    pub(super) const fn some_took(&mut self, timeout_ns: u64, elapsed_ns: u64) {
        if elapsed_ns.saturating_add(MS) <= timeout_ns {
            self.prompt = true;
        }
    }

    /// Takes note of how long a call with an answer took (`u64::MAX`: not timed).
    pub(super) fn report_took(&mut self, asked: usize, elapsed_ns: u64) {
        if asked < REPORT_LEN || elapsed_ns == u64::MAX {
            return;
        }
        let slot_ns = elapsed_ns / asked as u64;
        // It may become slower: what is believed creeps up.
        let believed_ns = self.report_slot_ns + self.report_slot_ns / 64 + 1;
        self.report_slot_ns = slot_ns.min(believed_ns);
    }

    /// What a call about `asked` sources that has an answer costs, apart from waiting.
    pub(super) fn report_cost_ns(&self, asked: usize) -> u64 {
        self.report_slot_ns.saturating_mul(asked as u64)
    }

    /// The same for a wait on everything, that there be none if it is cheaper to look. Nothing, as long as
    /// only such a wait can show that the host is prompt: it is asked over and over until then.
    pub(super) fn all_cost_ns(&self, asked: usize) -> u64 {
        if self.prompt {
            self.report_cost_ns(asked)
        } else {
            0
        }
    }

    /// Takes note that a call of `len` slots was too many.
    pub(super) const fn halve_limit(&mut self, len: usize) {
        let half = len / 2;
        self.limit = if half > 1 { half } else { 1 };
    }
}

//! How hosts differ, as data. Read from their sources or measured.

use super::super::abi::Errno;
use super::host::MS;

/// What `nbytes` of a readable descriptor says.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Nbytes {
    /// The bytes there are, at least 1.
    Exact,
    One,
    Zero,
}

/// What a descriptor that is not open does to a call.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum BadFd {
    /// `badf` for all of them.
    WholeCall,
    /// An event, at once.
    Event,
    /// An event, at the end of a wait as long as without it.
    LateEvent,
    /// The host dies if there is another one. It never sees one in a correct program.
    Crash,
}

/// When the clock has an event.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum ClockEvent {
    /// When it has run out.
    Expired,
    /// When it has run out and no descriptor has an event.
    Alone,
    /// In every answer.
    Always,
}

/// What a wait on a regular file does.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Files {
    Ready,
    /// `perm` for all of them.
    WholeCall,
    /// `inval` for all of them.
    WholeInval,
    /// A `perm` event.
    Event,
}

/// What a connection that the peer reset looks like.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Reset {
    /// An event with the error `io`.
    Error,
    /// Ready, with a hang-up.
    Hangup,
    /// The call returns, with no event at all.
    Silence,
}

/// What a hostile host does.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(super) enum Lie {
    /// Claims as many events as there is room for, and writes fewer.
    MoreEvents,
    /// Adds events for labels that nobody has.
    UnknownUserdata,
    /// Adds events with the labels of earlier registrations.
    StaleUserdata,
    /// Adds a read event with the label of a write, a type that does not exist.
    WrongType,
    /// Adds an error that does not exist to each event.
    GarbageErrno,
    /// The clock goes back a little, now and then.
    ClockBackwards,
}

#[derive(Copy, Clone, Debug)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "a row of a table, each cell by itself"
)]
pub(super) struct Rules {
    pub(super) name: &'static str,
    pub(super) call_cost_ns: u64,
    pub(super) slot_cost_ns: u64,
    /// Reports all descriptors when any is ready.
    pub(super) all_when_any: bool,
    /// Waits for all descriptors, or the clock.
    pub(super) waits_for_all: bool,
    /// Rounds waits down to milliseconds, and sees no descriptor in a wait of 0.
    pub(super) blind_below_ms: bool,
    /// Rounds waits down to milliseconds.
    pub(super) floors: bool,
    /// What any wait longer than 0 costs in addition.
    pub(super) wait_cost_ns: u64,
    pub(super) zero_is_forever: bool,
    /// Only the direction of a descriptor that is listed first is waited for.
    pub(super) first_direction_only: bool,
    /// Sleeps for as long as it may, and then says that all is ready to be read.
    pub(super) sleeps_then_all: bool,
    pub(super) writes_refused: bool,
    /// A wait to write to a pipe that can only be read fails, with all the others.
    pub(super) pipes_one_way: bool,
    /// Waits for one clock and nothing else, and never says how many events there are.
    pub(super) clock_only: bool,
    /// Answers begin at another descriptor each time.
    pub(super) rotates: bool,
    /// A wait to read `/dev/null` ends the guest.
    pub(super) null_traps: bool,
    pub(super) limit: Option<(usize, Errno)>,
    pub(super) nbytes: Nbytes,
    pub(super) bad_fd: BadFd,
    pub(super) clock_event: ClockEvent,
    pub(super) files: Files,
    pub(super) reset: Reset,
    pub(super) lie: Option<Lie>,
}

/// A host as the specification says it is.
pub(super) const EXACT: Rules = Rules {
    name: "exact",
    call_cost_ns: 1_500,
    slot_cost_ns: 200,
    all_when_any: false,
    waits_for_all: false,
    blind_below_ms: false,
    floors: false,
    wait_cost_ns: 0,
    zero_is_forever: false,
    first_direction_only: false,
    sleeps_then_all: false,
    writes_refused: false,
    pipes_one_way: false,
    clock_only: false,
    rotates: false,
    null_traps: false,
    limit: None,
    nbytes: Nbytes::Exact,
    bad_fd: BadFd::Event,
    clock_event: ClockEvent::Expired,
    files: Files::Ready,
    reset: Reset::Error,
    lie: None,
};

/// wasmtime up to 46 with sockets, wasmi.
pub(super) const WASI_COMMON: Rules = Rules {
    name: "wasi-common",
    all_when_any: true,
    null_traps: true,
    limit: Some((1024, Errno::INVAL)),
    bad_fd: BadFd::WholeCall,
    ..EXACT
};

/// wasmtime's own.
pub(super) const WASMTIME: Rules = Rules {
    name: "wasmtime-wasi",
    pipes_one_way: true,
    wait_cost_ns: 1_100_000,
    nbytes: Nbytes::One,
    bad_fd: BadFd::WholeCall,
    reset: Reset::Hangup,
    ..EXACT
};

/// Node.
pub(super) const UVWASI: Rules = Rules {
    name: "uvwasi",
    call_cost_ns: 16_000,
    waits_for_all: true,
    blind_below_ms: true,
    floors: true,
    first_direction_only: true,
    nbytes: Nbytes::Zero,
    bad_fd: BadFd::Crash,
    files: Files::WholeCall,
    reset: Reset::Hangup,
    ..EXACT
};

pub(super) const WASMER: Rules = Rules {
    name: "wasmer",
    zero_is_forever: true,
    rotates: true,
    limit: Some((1024, Errno::TOO_BIG)),
    bad_fd: BadFd::WholeCall,
    clock_event: ClockEvent::Alone,
    reset: Reset::Hangup,
    ..EXACT
};

pub(super) const WAMR: Rules = Rules {
    name: "wamr",
    floors: true,
    limit: Some((1024, Errno::INVAL)),
    clock_event: ClockEvent::Alone,
    ..EXACT
};

pub(super) const WAZERO: Rules = Rules {
    name: "wazero",
    sleeps_then_all: true,
    writes_refused: true,
    nbytes: Nbytes::Zero,
    bad_fd: BadFd::LateEvent,
    clock_event: ClockEvent::Always,
    ..EXACT
};

pub(super) const WASMEDGE: Rules = Rules {
    name: "wasmedge",
    nbytes: Nbytes::One,
    bad_fd: BadFd::LateEvent,
    files: Files::Event,
    reset: Reset::Silence,
    ..EXACT
};

pub(super) const BROWSER: Rules = Rules {
    name: "browser shim",
    clock_only: true,
    ..EXACT
};

/// Every column of the matrix.
pub(super) const ALL: [Rules; 9] = [
    EXACT,
    WASI_COMMON,
    WASMTIME,
    UVWASI,
    WASMER,
    WAMR,
    WAZERO,
    WASMEDGE,
    BROWSER,
];

pub(super) const LIES: [Lie; 6] = [
    Lie::MoreEvents,
    Lie::UnknownUserdata,
    Lie::StaleUserdata,
    Lie::WrongType,
    Lie::GarbageErrno,
    Lie::ClockBackwards,
];

impl Rules {
    pub(super) const fn lying(self, lie: Lie) -> Self {
        Self {
            lie: Some(lie),
            name: "liar",
            ..self
        }
    }

    /// Whether it says that a descriptor is ready only if it is.
    pub(super) const fn is_honest(&self) -> bool {
        !self.sleeps_then_all && !self.clock_only && self.lie.is_none()
    }

    pub(super) fn lie_about_time(&self) -> bool {
        self.lie == Some(Lie::ClockBackwards)
    }

    /// Whether a wait ends as soon as one source is ready.
    pub(super) const fn is_prompt(&self) -> bool {
        !self.waits_for_all && !self.sleeps_then_all
    }

    /// How much later than asked a wait may end, in this number of calls.
    pub(super) const fn slack_ns(&self, calls: u64, slots: u64) -> u64 {
        let call = self.call_cost_ns + self.slot_cost_ns * (slots + 1) + self.wait_cost_ns;
        2 * MS + calls * call
    }
}

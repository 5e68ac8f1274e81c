//! A call of the host and its answer.

const MS: u64 = 1_000_000;

/// What one call is made with.
#[derive(Copy, Clone, Debug)]
pub(super) struct Call {
    /// The number of slots that it is about.
    pub(super) slots: usize,
    /// Whether it is not to block.
    pub(super) is_poll: bool,
    pub(super) timeout_ns: u64,
}

/// The answer to one call.
#[derive(Copy, Clone, Debug)]
pub(super) struct Answer {
    pub(super) call: Call,
    /// The events that the host wrote.
    pub(super) written: usize,
    /// Those that are not the clock's.
    pub(super) reported: usize,
    /// Those of them that may not be true, and were held back.
    pub(super) ambiguous: usize,
    /// How long the call took; `u64::MAX` if that was not measured.
    pub(super) elapsed_ns: u64,
}

impl Answer {
    /// Whether something has ended the wait before its time. Less than a millisecond says nothing: that
    /// may have been rounded away.
    pub(super) const fn is_early(&self) -> bool {
        self.elapsed_ns.saturating_add(MS) <= self.call.timeout_ns
    }

    /// Whether the host has slept for as long as it might, and then said that all is ready.
    pub(super) const fn is_blanket(&self) -> bool {
        let Call {
            slots,
            is_poll,
            timeout_ns,
        } = self.call;
        let has_slept = self.elapsed_ns != u64::MAX && self.elapsed_ns >= timeout_ns;
        !is_poll && has_slept && self.reported == slots
    }
}

//! How many sources are reported at once while many are ready.
//!
//! wasmtime answers 128 calls until the guest is suspended: each source that a poll reports counts as
//! one, and so does each operation. What is not answered looks as if nothing had come. Most programs
//! make four calls per event: they read, find that there is no more, ask how much they may write, and
//! write. So no more than 24 sources are reported at once, and before a poll for which answers may be
//! missing the guest is suspended. Of the events of a program that makes more calls, the last ones find
//! nothing. So chance decides which those are.

use super::event::Ready;

/// The most sources that are reported at once: each with its four calls.
pub(super) const BATCH: usize = 24;
/// Once this number of sources is ready, no more are looked for: their operations come first.
pub(super) const MANY: usize = 8;

/// What is known of the answers that are left.
#[derive(Debug)]
pub(super) struct Answers {
    /// The sources that were reported since the guest was suspended.
    reported: usize,
    /// Those that the last wait found.
    found: usize,
    /// Whether they were many.
    is_busy: bool,
    /// Whether more sources than a batch move bytes.
    is_crowded: bool,
    /// Decides which answer comes first.
    chance: u32,
}

impl Answers {
    pub(super) const fn new() -> Self {
        Self {
            reported: 0,
            found: 0,
            is_busy: false,
            is_crowded: false,
            chance: 1,
        }
    }

    /// A wait begins, with this number of sources that move bytes. Returns whether the guest is to be
    /// suspended first: there may be no answers for as many as the last wait has found. If those were
    /// few, or if there are no more than a batch, the guest soon finds nothing ready, and that
    /// suspends it.
    pub(super) fn begin(&mut self, hot: usize) -> bool {
        self.is_crowded = hot > BATCH;
        if !self.is_crowded {
            self.reported = 0;
        }
        self.is_busy && self.is_crowded && self.reported + self.found > BATCH
    }

    /// Whether the last wait found many. A second part of the same wait is not expected to.
    pub(super) fn take_busy(&mut self) -> bool {
        std::mem::take(&mut self.is_busy)
    }

    /// The guest was suspended.
    pub(super) const fn suspended(&mut self) {
        self.reported = 0;
    }

    /// A wait has found this number of sources. Returns whether the guest is to be suspended before they
    /// are reported, as there may be too few answers for them.
    pub(super) fn found(&mut self, found: usize) -> bool {
        self.found = found;
        self.is_busy = found >= MANY;
        let may_lack = self.is_crowded || found > BATCH;
        self.is_busy && may_lack && self.reported + found > BATCH
    }

    /// What the wait has found is reported.
    pub(super) fn report(&mut self, ready: &mut [Ready]) {
        self.reported += ready.len();
        if self.is_busy {
            let first = self.chance() as usize % ready.len();
            ready.rotate_left(first);
        }
    }

    /// Marsaglia's xorshift. A step of a fixed length would be in step with the chunks of some crowd.
    const fn chance(&mut self) -> u32 {
        self.chance ^= self.chance << 13;
        self.chance ^= self.chance >> 17;
        self.chance ^= self.chance << 5;
        self.chance
    }
}

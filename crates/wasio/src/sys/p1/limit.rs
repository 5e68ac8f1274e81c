//! The most subscriptions that a host takes in one call.
//!
//! A limit may be one of the moment: `poll` of Linux takes no more than the process may have open
//! descriptors, which others can lower and raise. In chunks an idle wait costs hundreds of calls per
//! second, so all is tried again.

/// The waits in chunks after which all is tried again. One takes up to 8 ms: in an idle loop this is
/// half a second.
const TRIES_AFTER: u32 = 64;

#[derive(Clone, Debug)]
pub(super) struct Limit {
    slots: usize,
    /// The waits in chunks since all was tried.
    waits: u32,
}

impl Limit {
    /// None.
    pub(super) const fn new() -> Self {
        Self {
            slots: usize::MAX,
            waits: 0,
        }
    }

    pub(super) const fn slots(&self) -> usize {
        self.slots
    }

    /// Learns that a call of `len` slots was too many.
    pub(super) fn halve(&mut self, len: usize) {
        self.slots = self.slots.min(len / 2).max(1);
    }

    /// Learns that it was not the number.
    pub(super) const fn lift(&mut self) {
        *self = Self::new();
    }

    /// Learns that a call of `len` slots was not too many, which were all that there are or not.
    #[inline]
    pub(super) const fn took(&mut self, len: usize, is_all: bool) {
        if len > self.slots {
            self.lift();
            if !is_all {
                self.slots = len;
            }
        }
    }

    /// Counts a wait on more slots than the limit. Returns whether it is to try all of them.
    pub(super) const fn is_tried_again(&mut self) -> bool {
        self.waits = (self.waits + 1) % TRIES_AFTER;
        self.waits == 0
    }
}

//! The most subscriptions that a host takes in one call.
//!
//! A limit may be one of the moment: `poll` of Linux takes no more than the process may have open
//! descriptors, which others can lower and raise. In chunks an idle wait costs hundreds of calls per
//! second, so all is tried again.

/// The waits in chunks after which all is tried again. One takes up to 8 ms: this is half a second.
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
    pub(super) const fn halve(&mut self, len: usize) {
        let half = len / 2;
        self.slots = if half > 1 { half } else { 1 };
    }

    /// Learns that it was not the number.
    pub(super) const fn lift(&mut self) {
        *self = Self::new();
    }

    /// Learns that a call of `len` slots was not too many.
    #[inline]
    pub(super) const fn took(&mut self, len: usize) {
        if len > self.slots {
            self.lift();
        }
    }

    /// Counts a wait on more slots than the limit. Returns whether it is to try all of them.
    pub(super) const fn is_tried_again(&mut self) -> bool {
        self.waits = (self.waits + 1) % TRIES_AFTER;
        self.waits == 0
    }
}

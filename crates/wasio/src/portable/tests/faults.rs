//! What goes wrong in the calls of a scripted host.

use std::collections::VecDeque;

/// What goes wrong in one call of the host.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails, with one of the errors that such calls have.
    Error(u8),
    /// It reports a source that is not ready, if it was asked about it.
    Spurious(u32),
    /// It ends before it should, with nothing to report.
    Early,
    /// It ends so much later than it should.
    Late(u64),
    /// The time jumps as it begins: the process had been stopped.
    Jump(u64),
}

/// The faults that are still to come: one for each call, in order.
#[derive(Debug)]
pub(crate) struct Faults {
    next: VecDeque<Fault>,
    /// By how much they have made calls longer so far.
    pub(crate) delayed_ns: u64,
}

impl Faults {
    pub(crate) const fn new() -> Self {
        Self {
            next: VecDeque::new(),
            delayed_ns: 0,
        }
    }

    pub(crate) fn push(&mut self, fault: Fault) {
        self.next.push_back(fault);
    }

    pub(crate) fn clear(&mut self) {
        self.next.clear();
    }

    pub(crate) fn has_errors(&self) -> bool {
        let mut all = self.next.iter();
        all.any(|fault| matches!(fault, Fault::Error(_)))
    }

    /// Whether a call to come has a wrong answer in place of an error.
    pub(crate) fn mislead(&self) -> bool {
        let mut all = self.next.iter();
        all.any(|fault| matches!(fault, Fault::Early | Fault::Spurious(_)))
    }

    /// Leaves those that are about time.
    pub(crate) fn retain_delays(&mut self) {
        let is_delay = |fault: &Fault| matches!(fault, Fault::Late(_) | Fault::Jump(_));
        self.next.retain(is_delay);
    }

    /// The fault of a wait that begins now; it moves the clock for those that are about time.
    pub(crate) fn of_wait(&mut self, now_ns: &mut u64) -> Option<Fault> {
        let fault = self.next.pop_front()?;
        match fault {
            Fault::Jump(ns) => {
                self.delayed_ns += ns;
                *now_ns += ns;
            }
            Fault::Late(ns) => self.delayed_ns += ns,
            Fault::Error(_) | Fault::Spurious(_) | Fault::Early => {}
        }
        Some(fault)
    }

    /// The error of a call about one source, if the next fault is one.
    pub(crate) fn of_call(&mut self) -> Option<u8> {
        let next = self
            .next
            .pop_front_if(|fault| matches!(fault, Fault::Error(_)))?;
        match next {
            Fault::Error(which) => Some(which),
            _ => None,
        }
    }
}
